// One file of pkg/src as a new module at each call, compiled as the package's build does it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const src = fileURLToPath(new URL('../../pkg/src/', import.meta.url));

let calls = 0;

export async function source(file) {
  const { outputFiles } = await build({
    entryPoints: [`${src}${file}`],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2020',
    mangleProps: /^[a-z][A-Za-z]*_$/,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}//${(calls += 1)}`);
}
