// A proxy between clients and the server that records requests and responses. Like any network it can break
// off.
import { once } from 'node:events';
import { createServer, request } from 'node:http';

/**
 * `asked(path)` are the posts so far. `breakNext(heard)`: the server answers the next post, of which the
 * client hears so many bytes and then nothing.
 */
export async function tap(target) {
  const exchanges = [];
  const proxy = createServer();
  let heard;
  proxy.on('request', async (incoming, outgoing) => {
    try {
      const body = Buffer.concat(await incoming.toArray());
      const exchange = {
        path: incoming.url.split('?')[0],
        method: incoming.method,
        headers: incoming.headers,
        body: body.toString(),
      };
      exchanges.push(exchange);
      proxy.emit('asked');
      const answer = await pass(target, incoming, body);
      Object.assign(exchange, { status: answer.status, response: answer.body.toString() });
      proxy.emit('asked');
      if (heard !== undefined && incoming.method === 'POST') return breakOff(incoming, outgoing, answer);
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      // The server is down.
      incoming.socket.destroy();
    }
  });
  const breakOff = ({ socket }, outgoing, { status, headers, body }) => {
    const part = body.subarray(0, heard);
    heard = undefined;
    if (!part.length) return socket.destroy();
    outgoing.writeHead(status, headers).write(part, () => socket.destroy());
  };
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const asked = (path) =>
    exchanges.filter((exchange) => exchange.path === path && exchange.method === 'POST');
  return {
    origin: `http://127.0.0.1:${proxy.address().port}`,
    exchanges,
    asked,
    async until(came) {
      while (!came()) await once(proxy, 'asked');
    },
    breakNext: (bytes) => (heard = bytes),
    close: () => proxy.close() && proxy.closeAllConnections(),
  };
}

async function pass(target, { url, method, headers }, body) {
  const outgoing = request(`${target}${url}`, { method, headers, agent: false });
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
}
