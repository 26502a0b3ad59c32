// SPDX-License-Identifier: Apache-2.0
// A bare HTTP/1.1 server over sockets, for tests that must decide about every byte of a response: it parses requests and
// hands out a connection to write on. It does not know what the requests mean.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const maxRequest = 64 * 1024 * 1024;

/** Starts on 127.0.0.1, any port. `serve(request, connection)` is awaited for each request; requests of one connection follow each other. */
export async function startHttpServer(serve) {
  const connections = new Set();
  let connectionCount = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, ++connectionCount);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
    connection.run(serve);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    connectionCount: () => connectionCount,
    async stop() {
      for (const connection of connections) connection.socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Connection {
  constructor(socket, number) {
    this.socket = socket;
    this.number = number;
    this.served = 0;
    this.pending = Buffer.alloc(0);
    this.isClosed = false;
    this.closed = new Promise((resolve) => {
      const over = () => { this.isClosed = true; this.whenClosed?.(); this.wake?.(); resolve(); };
      socket.once('end', over);
      socket.once('close', over);
    });
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.pending = Buffer.concat([this.pending, bytes]);
      if (this.pending.length > maxRequest) socket.destroy();
      this.wake?.();
    });
  }

  async run(serve) {
    while (!this.isClosed) {
      const request = this.takeRequest();
      if (!request) {
        await new Promise((resolve) => { this.wake = resolve; });
        continue;
      }
      request.connection = this.number;
      request.onConnection = ++this.served;
      await serve(request, this);
    }
  }

  /** One whole request out of the bytes so far, or undefined. */
  takeRequest() {
    const headEnd = this.pending.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const [first, ...lines] = this.pending.toString('latin1', 0, headEnd).split('\r\n');
    const [method, path] = first.split(' ');
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const taken = /chunked/i.test(headers['transfer-encoding'] ?? '')
      ? takeChunked(this.pending, headEnd + 4)
      : takeSized(this.pending, headEnd + 4, Number(headers['content-length'] ?? 0));
    if (!taken) return undefined;
    this.pending = this.pending.subarray(taken.end);
    const bodyHash = createHash('sha256').update(taken.body).digest('hex').slice(0, 16);
    return { time: Date.now(), method, path, headers, body: taken.body, bodyHash };
  }

  writeHead(status, headers) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Error'}\r\n${lines.join('')}\r\n`);
  }

  writeChunk(data) {
    const bytes = Buffer.from(data);
    this.socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  }

  /** The size line of a whole chunk, but only the first half of its bytes. */
  writeHalfChunk(data) {
    const bytes = Buffer.from(data);
    this.socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes.subarray(0, bytes.length >> 1)]));
  }

  endChunks() {
    this.socket.write('0\r\n\r\n');
  }

  /** Closes with FIN or RST; bytes written before are given to the peer first. */
  async cut(how) {
    if (how === 'rst') this.socket.resetAndDestroy();
    else this.socket.destroySoon();
    await this.closed;
  }
}

function takeSized(bytes, start, length) {
  const end = start + length;
  return bytes.length >= end ? { body: bytes.subarray(start, end), end } : undefined;
}

function takeChunked(bytes, start) {
  const parts = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}
