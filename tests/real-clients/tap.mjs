// Stands between clients and the server, passes everything on, and writes down what was asked and answered.
// Like any network it can break off.
import { once } from 'node:events';
import { createServer, request } from 'node:http';

/**
 * `asked(path)` are the posts so far. `breakNext(heard)`: the server answers the next post, of which the
 * client hears so many bytes and then nothing.
 */
export async function tap(target) {
  const exchanges = [];
  const noticed = createServer();
  let heard;
  noticed.on('request', async (asking, telling) => {
    try {
      const body = Buffer.concat(await asking.toArray());
      const exchange = {
        path: asking.url.split('?')[0],
        method: asking.method,
        headers: asking.headers,
        body: body.toString(),
      };
      exchanges.push(exchange);
      noticed.emit('asked');
      const answer = await pass(target, asking, body);
      Object.assign(exchange, { status: answer.status, told: answer.body.toString() });
      noticed.emit('asked');
      if (heard !== undefined && asking.method === 'POST') return breakOff(asking, telling, answer);
      telling.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      // The server is down.
      asking.socket.destroy();
    }
  });
  const breakOff = ({ socket }, telling, { status, headers, body }) => {
    const part = body.subarray(0, heard);
    heard = undefined;
    if (!part.length) return socket.destroy();
    telling.writeHead(status, headers).write(part, () => socket.destroy());
  };
  noticed.listen(0, '127.0.0.1');
  await once(noticed, 'listening');
  const asked = (path) =>
    exchanges.filter((exchange) => exchange.path === path && exchange.method === 'POST');
  return {
    origin: `http://127.0.0.1:${noticed.address().port}`,
    exchanges,
    asked,
    async until(came) {
      while (!came()) await once(noticed, 'asked');
    },
    breakNext: (bytes) => (heard = bytes),
    close: () => noticed.close() && noticed.closeAllConnections(),
  };
}

async function pass(target, { url, method, headers }, body) {
  const asking = request(`${target}${url}`, { method, headers, agent: false });
  asking.end(body);
  const [answer] = await once(asking, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
}
