// Reads a browser's name, major version, system and kind of device from its user agent, in the words of
// @amplitude/ua-parser-js 0.7.33.
//
// The first match in a table decides. The tables are much shorter than ua-parser's: they have the browsers
// that can run this package. tests/ user-agent compares the results with ua-parser's on the user agents of
// real visitors, and lists the differences. default-user-provider.ts makes fields of a user from them.

import type { ExperimentUser } from '../api/user.js';

export type DeviceCategory = NonNullable<ExperimentUser['device_category']>;

/**
 * The result for a user agent. Missing fields are those that ua-parser leaves out: a desktop has no `device`.
 */
export interface UserAgent {
  browser?: string;
  major?: string;
  os?: string;
  device?: DeviceCategory;
}

/** A name, and the number after it. */
type Found = [name?: string, number?: string];

/**
 * The tables for browser, system and device. A row is a pattern and, where the name is not the matched text,
 * `>` and the name. Where two rows match, they are in ua-parser's order: apps and smaller browsers also
 * contain Chrome or Safari, Android also Linux. Each table is one string, which is smaller than a list.
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
    // The Google app, before Safari on iOS. On Android it comes after it, and is a web view.
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
  const [[browser, major], [os], [device]] = TABLES.map((rows) => find(rows, userAgent)) as [
    Found,
    Found,
    Found,
  ];
  return { browser, major, os, device: (device as DeviceCategory) || undefined };
}

/** The first row that matches. A name ends at the end of a word; the number follows after one character. */
function find(rows: string, userAgent: string): Found {
  for (const row of rows.split(',')) {
    const [pattern, name] = row.split('>');
    const found = RegExp(`(${pattern})\\W(\\d+)?`).exec(userAgent);
    if (found) return [name ?? found[1], found[2]];
  }
  return [];
}
