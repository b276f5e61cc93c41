// The links of Markdown pages that lead nowhere: to a file that is not there, or to a heading that no page
// has.
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * `pages` under `root` are read; `files` are all that there is to link to. Addresses with a scheme are not
 * looked at.
 */
export function dead(root, pages, files) {
  const read = (page) => readFileSync(join(root, page), 'utf8');
  return pages.flatMap((page) =>
    linksOf(read(page))
      .filter((link) => !leads(link, page, files, read))
      .map((link) => `${page}: ${link}`),
  );
}

const CODE = /^(```|~~~)[^]*?^\1|`[^`\n]*`/gm;

function linksOf(text) {
  const prose = text.replace(CODE, 'code');
  const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g), ...prose.matchAll(/^ *\[[^\]]+\]:\s*(\S+)/gm)];
  return links.map(([, link]) => link).filter((link) => !/^[a-z][a-z\d+.-]*:/i.test(link));
}

function leads(link, page, files, read) {
  const [path, anchor] = link.split('#');
  const target = path ? posix.join(posix.dirname(page), decodeURI(path)) : page;
  const isThere =
    files.includes(target) || files.some((file) => file.startsWith(`${target.replace(/\/$/, '')}/`));
  return isThere && (anchor === undefined || anchorsOf(read(target)).includes(anchor));
}

/**
 * Headings as they are addressed: small letters, no punctuation, hyphens for spaces, and a number from the
 * second of one name on.
 */
function anchorsOf(text) {
  const seen = {};
  const headings = text.replace(/^(```|~~~)[^]*?^\1/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm);
  return [...headings].map(([, heading]) => {
    const name = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const turn = (seen[name] = (seen[name] ?? -1) + 1);
    return turn ? `${name}-${turn}` : name;
  });
}
