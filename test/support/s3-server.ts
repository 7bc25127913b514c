import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from './free-port.js';
import { ownName } from './names.js';

const image = 'minio/minio:RELEASE.2025-09-07T16-13-09Z';
/** This machine as every container reaches it. */
const here = '172.17.0.1';

/** A real S3 server apart from every project, which can be killed, hung, filled and slowed down; gone when disposed. */
export class S3Server {
  readonly url: string;
  private readonly name: string;
  private readonly port: number;
  private readonly proxies: Server[] = [];

  private constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
    this.url = `http://${here}:${port}`;
  }

  /** With a small disk of its own, which a second container holds: what is stored outlives a kill. */
  static async start(bucket: string, keyId: string, secret: string): Promise<S3Server> {
    const server = new S3Server(ownName('s3'), await freePort());
    const { name, port } = server;
    const disk = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=96m'];
    await execa('docker', ['volume', 'create', ...disk, name]);
    const volume = ['-v', `${name}:/data`, '--entrypoint', 'sh', image, '-c'];
    await execa('docker', ['run', '-d', '--init', '--name', `${name}-disk`, ...volume, 'sleep infinity']);
    const user = ['-e', `MINIO_ROOT_USER=${keyId}`, '-e', `MINIO_ROOT_PASSWORD=${secret}`];
    const serve = `mkdir -p /data/${bucket} && exec minio server /data`;
    await execa('docker', ['run', '-d', '--name', name, '-p', `${port}:9000`, ...user, ...volume, serve]);
    await server.untilReady();
    return server;
  }

  async kill(): Promise<void> {
    await execa('docker', ['kill', this.name]);
  }

  async bringBack(): Promise<void> {
    await execa('docker', ['start', this.name]);
    await this.untilReady();
  }

  /** It takes connections and answers none. */
  async hang(): Promise<void> {
    await execa('docker', ['pause', this.name]);
  }

  async goOn(): Promise<void> {
    await execa('docker', ['unpause', this.name]);
  }

  async fill(): Promise<void> {
    await this.onDisk('dd if=/dev/zero of=/data/ballast bs=64k 2>/dev/null; test -s /data/ballast');
  }

  async free(): Promise<void> {
    await this.onDisk('rm -f /data/ballast');
  }

  /** Another way to it, on which every piece of an answer comes so much later. */
  async slowly(delayMs: number): Promise<string> {
    const proxy = createServer((client) => {
      const server = connect(this.port, '127.0.0.1');
      client.pipe(server);
      server.on('data', (piece) => void setTimeout(() => client.writable && client.write(piece), delayMs));
      server.on('close', () => void setTimeout(() => client.destroy(), delayMs));
      client.on('close', () => server.destroy());
      for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '0.0.0.0', resolve));
    this.proxies.push(proxy);
    return `http://${here}:${(proxy.address() as AddressInfo).port}`;
  }

  private async onDisk(command: string): Promise<void> {
    await execa('docker', ['exec', `${this.name}-disk`, 'sh', '-c', command]);
  }

  private async untilReady(): Promise<void> {
    for (;;) {
      // Not asked through the published port: a connection that the engine's proxy takes too early may never end.
      const up = ['exec', this.name, 'bash', '-c', '</dev/tcp/127.0.0.1/9000'];
      if ((await execa('docker', up, { reject: false })).exitCode === 0) return;
      await pause(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) proxy.close();
    await execa('docker', ['rm', '-f', '-v', this.name, `${this.name}-disk`], { reject: false });
    await execa('docker', ['volume', 'rm', '-f', this.name], { reject: false });
  }
}
