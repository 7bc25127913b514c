import type { Host } from '../../hosts/host.js';
import { lastLine } from '../../model/last-line.js';
import type { SignedRequest } from './bucket-request.js';

/** How long the storage may take to answer. */
export const answerSeconds = 10;

/** What came back, or how far the request got. */
export type Answer =
  | { readonly failed: 'name' | 'refused' | 'timeout' }
  | { readonly failed: 'tls' | 'other'; readonly reason: string }
  | {
      readonly failed?: never;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

/**
 * Sends one request and says what became of it, as one line of JSON. It runs aside: looking up a name cannot be
 * interrupted, and the program ends in time all the same.
 */
const script = `
import http.client, json, os, socket, ssl, sys, threading
ask = json.load(sys.stdin)
said = {"failed": "timeout"}
def request():
    global said
    try:
        socket.getaddrinfo(ask["host"], ask["port"])
    except socket.gaierror:
        said = {"failed": "name"}
        return
    try:
        if ask["secure"]:
            trust = ssl.create_default_context() if ask["verify"] else ssl._create_unverified_context()
            to = http.client.HTTPSConnection(ask["host"], ask["port"], timeout=ask["seconds"], context=trust)
        else:
            to = http.client.HTTPConnection(ask["host"], ask["port"], timeout=ask["seconds"])
        to.putrequest("GET", ask["path"], skip_host=True, skip_accept_encoding=True)
        for name, value in ask["headers"].items():
            to.putheader(name, value)
        to.endheaders()
        answer = to.getresponse()
        body = answer.read(16384).decode("utf-8", "replace")
        headers = {name.lower(): value for name, value in answer.getheaders()}
        said = {"status": answer.status, "headers": headers, "body": body}
    except ssl.SSLError as error:
        said = {"failed": "tls", "reason": getattr(error, "verify_message", "") or error.reason or "handshake failed"}
    except ConnectionRefusedError:
        said = {"failed": "refused"}
    except (TimeoutError, socket.timeout):
        said = {"failed": "timeout"}
    except OSError as error:
        said = {"failed": "other", "reason": error.strerror or type(error).__name__}
    except http.client.HTTPException as error:
        said = {"failed": "other", "reason": "it does not speak HTTP"}
thread = threading.Thread(target=request, daemon=True)
thread.start()
thread.join(ask["seconds"])
print(json.dumps(said), flush=True)
os._exit(0)
`;

/** Where the request is sent from: Litestream's own network, so that it resolves and reaches what Litestream does. */
export interface From {
  readonly host: Host;
  /** A Docker network. */
  readonly network: string;
  /** An image with Python 3. */
  readonly image: string;
}

/** The container is gone when it has answered. @param verify whether the certificate must be one that is trusted. */
export async function ask(request: SignedRequest, { host, network, image }: From, verify: boolean): Promise<Answer> {
  const run = ['docker', 'run', '--rm', '--interactive', '--pull', 'never', '--network', network] as const;
  const stdin = JSON.stringify({ ...request, verify, seconds: answerSeconds });
  const argv = [...run, '--user', '65534:65534', '--entrypoint', 'python3', image, '-c', script] as const;
  const { exitCode, stdout, stderr } = await host.tryRun({ argv, stdin }, { timeoutMs: 60_000 });
  const line = lastLine(stdout);
  if (exitCode === 0 && line.startsWith('{')) return JSON.parse(line) as Answer;
  throw new Error(`no container can ask the replica's storage: ${lastLine(stderr)}`);
}
