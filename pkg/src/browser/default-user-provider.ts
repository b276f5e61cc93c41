// The default context: what the browser says about the visitor and the page, under the fields of the page's own user provider.
//
// Fields, values and records in storage are those of the reference's DefaultUserProvider, so that targeting and visitors stay the same
// when a page changes over. What the reference throws at (blocked storage or cookies, no page at all, an own provider that throws) leaves
// a field out here. Two values are better than its own: cookies keep a `=` in their value, and a query parameter that is named like a
// property of every object (`constructor`) does not lose all the others.

import { attempt } from '../runtime/safe-call.js';
import { visitorKey } from './storage-keys.js';
import { readUserAgent } from './user-agent.js';
import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';

/** What a browser has and other places may not. Looked up where it is used: nothing is touched before. */
const page: Partial<typeof globalThis> = globalThis;

export class DefaultUserProvider implements ExperimentUserProvider {
  private browser_?: ExperimentUser;
  private landing_?: string;
  private firstSeen_?: string;
  /** When this page saw the visitor first. (The reference says another time at each call while nothing may be stored.) */
  private now_?: string;
  /** The first address of this page's life while nothing may be stored: it is what gets stored once that is allowed. */
  private entry_?: string;

  /**
   * @param own_ the page's provider; its fields win
   * @param apiKey_ the deployment key: its first ten characters name the records in storage
   * @param persists_ whether storage and cookies may be used, asked each time
   */
  constructor(
    private readonly own_: ExperimentUserProvider | undefined,
    private readonly apiKey_: string,
    private readonly persists_: () => boolean = () => true,
  ) {}

  getUser(): ExperimentUser {
    const persists = attempt(this.persists_);
    return {
      language: attempt(() => page.navigator?.languages?.[0] || page.navigator?.language) || '',
      platform: 'Web',
      ...(this.browser_ ??= describeBrowser()),
      referring_url: attempt(() => withoutSlash(page.document?.referrer)),
      cookie: persists ? attempt(readCookies) : undefined,
      landing_url: this.landingUrl_(persists),
      first_seen: this.seen_(persists),
      url_param: attempt(readQuery),
      ...attempt(() => ({ ...this.own_?.getUser() })),
    };
  }

  private landingUrl_(persists?: boolean): string | undefined {
    const here = this.entry_ ?? attempt(() => withoutSlash(page.location?.href));
    if (persists) return (this.landing_ ??= this.remember_('sessionStorage', 'landing_url', here));
    return (this.entry_ = here);
  }

  /** In seconds since 1970, as text. */
  private seen_(persists?: boolean): string | undefined {
    const now = (this.now_ ??= `${Date.now() / 1000}`);
    return persists ? (this.firstSeen_ ??= this.remember_('localStorage', 'first_seen', now)) : now;
  }

  /** What the record in this storage has, else `fresh`, written there. Without a storage that works, nothing. */
  private remember_(where: 'localStorage' | 'sessionStorage', field: string, fresh?: string): string | undefined {
    return attempt(() => {
      const storage = page[where];
      if (!storage) return;
      const name = visitorKey(this.apiKey_);
      const record = JSON.parse(storage.getItem(name) || '{}');
      if (!record[field]) storage.setItem(name, JSON.stringify({ ...record, [field]: (record[field] = fresh) }));
      return record[field];
    });
  }
}

/** What stays for the page's life. That `os` has the browser and `device_model` the system is the reference's doing: flags target them so. */
function describeBrowser(): ExperimentUser {
  const user_agent = attempt(() => page.navigator?.userAgent);
  const { browser, major, os, device } = readUserAgent(user_agent ?? '');
  return {
    os: [browser, major].join(' ').trim(),
    device_model: os,
    device_category: device ?? 'desktop',
    browser: browser?.replace('mium', 'me').replace(/.*(Chrome|Firefox|Safari|Edge|Opera).*/, '$1'),
    user_agent,
  };
}

/** The reference cuts a value at its own `=`, of which base64 and signed cookies have plenty. */
function readCookies(): Record<string, string> | undefined {
  const text = page.document?.cookie;
  return text ? Object.fromEntries(text.split('; ').map((pair) => pair.split(/=(.*)/s) as [string, string])) : undefined;
}

/** A parameter has a list when it occurs more than once or has a comma. */
function readQuery(): Record<string, string | string[]> | undefined {
  if (!page.location) return;
  const query = new URL(page.location.href).searchParams;
  const values = [...query.keys()].map((name) => [name, query.getAll(name).join().split(',')] as const);
  return Object.fromEntries(values.map(([name, list]) => [name, list.length > 1 ? list : list[0]!]));
}

function withoutSlash(url?: string): string | undefined {
  return url?.replace(/\/$/, '');
}
