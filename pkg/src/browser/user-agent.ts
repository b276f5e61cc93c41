// Reads a browser's name, major version, system and kind of device from its user agent, in the words of @amplitude/ua-parser-js 0.7.33.
//
// It decides by first match in tables that are much shorter than ua-parser's: they know what browsers that can run this package call
// themselves, most used ones first. tests/user-agent holds them to ua-parser's answers on the user agents of real visitors, and lists
// where they differ. What the fields are called in a user is default-user-provider.ts's business.

import type { ExperimentUser } from '../api/user.js';

export type DeviceCategory = NonNullable<ExperimentUser['device_category']>;

/** What a user agent says. A field is missing where ua-parser has none: a desktop is no kind of device. */
export interface UserAgent {
  browser?: string;
  major?: string;
  os?: string;
  device?: DeviceCategory;
}

/** A name and the number after it. */
type Found = [name?: string, number?: string];

/**
 * One table each for browser, system and device. A row is a pattern, and a name where it is not what the pattern matches. Rows are in
 * ua-parser's order where two of them match: apps and smaller browsers also call themselves Chrome or Safari, Android is also a Linux.
 * One string each, because that is less to send than lists.
 */
const TABLES = [
  'CriOS>Chrome,' +
    'Edg\\w*>Edge,' +
    ' OPR>Opera,' +
    'Silk|Whale|QQ|DuckDuckGo|Quark|Brave|UCBrowser,' +
    'MicroMessenger>WeChat,' +
    'YaBrowser>Yandex,' +
    ' OPT>Opera Touch,' +
    'coc_coc_browser>Coc Coc,' +
    'MiuiBrowser>MIUI Browser,' +
    'FxiOS>Firefox,' +
    'OculusBrowser>Oculus Browser,' +
    'SamsungBrowser>Samsung Browser,' +
    'HuaweiBrowser>Huawei Browser,' +
    'QQBrowser|Electron|baiduboxapp,' +
    'LinkedInApp>LinkedIn,' +
    'FBAV>Facebook,' +
    'Line|Chromium|Instagram,' +
    // The Google app: in front of Safari on iOS. On Android it comes after it, and is a web view.
    'GSA(?=.+Safari),' +
    'HeadlessChrome>Chrome Headless,' +
    ' wv.+Chrome>Chrome WebView,' +
    'droid.+Version>Android Browser,' +
    'Chrome,' +
    'Version(?=.+Mobile/\\w* Safari)>Mobile Safari,' +
    'Version(?=.+Safari)>Safari,' +
    'Gecko(?=.+Safari)>Safari,' +
    'WebKit|Firefox',
  'Xbox|PlayStation|Nintendo|HarmonyOS,' +
    'Windows,' +
    'like Mac>iOS,' +
    'Mac>Mac OS,' +
    'Android|Tizen,' +
    'Web0S>webOS,' +
    'CrOS>Chromium OS,' +
    'Ubuntu,' +
    'Linux',
  'Macintosh>,' +
    'Xbox|PlayStation|Nintendo>console,' +
    'TV>smarttv,' +
    'Quest>wearable,' +
    'iPad>tablet,' +
    'iPhone|Mobile>mobile,' +
    'droid.+Safari|Tablet>tablet',
];

export function readUserAgent(userAgent: string): UserAgent {
  const [[browser, major], [os], [device]] = TABLES.map((rows) => find(rows, userAgent)) as [Found, Found, Found];
  return { browser, major, os, device: (device as DeviceCategory) || undefined };
}

/** The first row that matches. A name ends where a word does; a number is what follows the one character after it. */
function find(rows: string, userAgent: string): Found {
  for (const row of rows.split(',')) {
    const [pattern, name] = row.split('>');
    const found = RegExp(`(${pattern})\\W(\\d+)?`).exec(userAgent);
    if (found) return [name ?? found[1], found[2]];
  }
  return [];
}
