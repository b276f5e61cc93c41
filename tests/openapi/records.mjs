// server/tests/server/answers/recorded.txt as requests and their answers.

/** `{method, path, status, headers, body}` of each; a header that varies has the value `undefined`. */
export function records(text) {
  const starts = /^# (?=[A-Z]+ \S.* (?:HTTP\/1\.1|of the metrics port)$)/m;
  return text
    .split(starts)
    .filter(Boolean)
    .map((record) => {
      const [method, path] = record.split(' ');
      const answer = record.slice(record.search(/^HTTP\/1\.1 \d/m));
      const end = answer.indexOf('\n\n');
      const [line, ...lines] = answer.slice(0, end).split('\n');
      const body = answer.slice(end + 2).replace(/\n\n?$/, '');
      return {
        method,
        path,
        status: Number(line.split(' ')[1]),
        headers: new Map(lines.map((header) => header.split(/: (.*)/).slice(0, 2))),
        // The record has no times.
        body: body
          .replaceAll(/("(?:received|server_upload_time)":)TIME/g, '$10')
          .replace('YYYY-MM', '2026-01'),
      };
    });
}
