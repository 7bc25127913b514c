import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

/** What is answered to one request, without what differs from one answer to the next and what pointsman adds. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** One question, asked by the name of a host: `http://shop.example:5000/path`. */
export interface Question {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Connections of one client: one each over HTTP and TLS, which is kept where it says so. */
export interface Connections {
  readonly plain: Agent | false;
  readonly secure: SecureAgent | false;
}

const fresh: Connections = { plain: false, secure: false };

/**
 * Of a client that sends one request after the other. From two seconds without a request on (`keepalive_min_timeout`) nginx may
 * close a connection in the very moment in which the next one is sent, so the client does before.
 */
export function keptConnections(): Connections {
  const options = { keepAlive: true, maxSockets: 1, timeout: 1000 };
  return { plain: new Agent(options), secure: new SecureAgent(options) };
}

const volatile = /^(?:date|etag|last-modified|expires|connection|keep-alive|x-pointsman-.*)$/;

/** The whole answer of a router at an address, whatever names its servers have. Without connections, on a new one. */
export async function askRouter(
  address: string,
  { url, headers = {} }: Question,
  connections: Connections = fresh,
): Promise<Told> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const secure = protocol === 'https:';
  const told = await answerTo(secure, {
    host: address,
    port: port || (secure ? 443 : 80),
    path: pathname + search,
    headers: { Host: port === '' ? hostname : `${hostname}:${port}`, ...headers },
    agent: secure ? connections.secure : connections.plain,
    timeout: 15_000,
    ...(secure ? { servername: hostname, rejectUnauthorized: false } : {}),
  });
  const stable = Object.entries(told.headers).filter(([name]) => !volatile.test(name));
  return { ...told, headers: Object.fromEntries(stable) };
}

function answerTo(secure: boolean, options: RequestOptions): Promise<Told> {
  return new Promise((resolve, reject) => {
    const sent = secure ? secureRequest(options) : request(options);
    sent.once('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    sent.once('error', (error) => reject(sent.reusedSocket ? Object.assign(error, { kept: true }) : error));
    sent.once('response', (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.end();
  });
}
