// The default user provider: fields of the user that the browser knows. Fields of the page's own user
// provider take precedence.
//
// Fields, values and records in storage are those of the reference's DefaultUserProvider, so that targeting
// and visitors stay the same when a page changes over. Where the reference throws (blocked storage or
// cookies, no page, a provider that throws), a field is left out here. Two values are corrected: a cookie's
// value may contain `=`, and a query parameter may have the name of a property of every object
// (`constructor`).

import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';
import { attempt } from '../runtime/safe-call.js';
import { visitorKey } from './storage-keys.js';
import { readUserAgent } from './user-agent.js';

/** Globals that are missing outside browsers. Each is read when it is used. */
const page: Partial<typeof globalThis> = globalThis;

export class DefaultUserProvider implements ExperimentUserProvider {
  private browser_?: ExperimentUser;
  private storedLandingUrl_?: string;
  private firstSeen_?: string;
  /**
   * When this page first saw the visitor. (In the reference the time changes with each call while nothing may
   * be stored.)
   */
  private pageStart_?: string;
  /** The page's first address while nothing may be stored. It is stored when that is allowed. */
  private entryUrl_?: string;

  /**
   * @param own_ the page's provider; its fields take precedence
   * @param apiKey_ the deployment key: its first ten characters name the records in storage
   * @param persists_ whether storage and cookies may be used; called each time
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
      first_seen: this.firstSeenAt_(persists),
      url_param: attempt(readQuery),
      ...attempt(() => ({ ...this.own_?.getUser() })),
    };
  }

  private landingUrl_(persists?: boolean): string | undefined {
    const here = this.entryUrl_ ?? attempt(() => withoutSlash(page.location?.href));
    if (persists)
      return (this.storedLandingUrl_ ??= this.readOrWrite_('sessionStorage', 'landing_url', here));
    return (this.entryUrl_ = here);
  }

  /** In seconds since 1970, as text. */
  private firstSeenAt_(persists?: boolean): string | undefined {
    const now = (this.pageStart_ ??= `${Date.now() / 1000}`);
    return persists ? (this.firstSeen_ ??= this.readOrWrite_('localStorage', 'first_seen', now)) : now;
  }

  /**
   * The field of the record in this storage, else `fresh`, which is written there. Without storage,
   * `undefined`.
   */
  private readOrWrite_(
    where: 'localStorage' | 'sessionStorage',
    field: string,
    fresh?: string,
  ): string | undefined {
    return attempt(() => {
      const storage = page[where];
      if (!storage) return;
      const name = visitorKey(this.apiKey_);
      const record = JSON.parse(storage.getItem(name) || '{}');
      if (!record[field])
        storage.setItem(name, JSON.stringify({ ...record, [field]: (record[field] = fresh) }));
      return record[field];
    });
  }
}

/**
 * Fields that do not change on a page. As in the reference, `os` holds the browser and `device_model` the
 * system: flags target these.
 */
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

/** Values keep their own `=`, which base64 and signed cookies contain. (The reference cuts them there.) */
function readCookies(): Record<string, string> | undefined {
  const text = page.document?.cookie;
  return text
    ? Object.fromEntries(text.split('; ').map((pair) => pair.split(/=(.*)/s) as [string, string]))
    : undefined;
}

/** A parameter that occurs more than once, or contains a comma, has a list. */
function readQuery(): Record<string, string | string[]> | undefined {
  if (!page.location) return;
  const query = new URL(page.location.href).searchParams;
  const values = [...query.keys()].map((name) => [name, query.getAll(name).join().split(',')] as const);
  return Object.fromEntries(values.map(([name, list]) => [name, list.length > 1 ? list : list[0]!]));
}

function withoutSlash(url?: string): string | undefined {
  return url?.replace(/\/$/, '');
}
