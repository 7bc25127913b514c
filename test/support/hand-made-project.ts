import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import { composeByHand, inRouter, reloadByHand } from './by-hand.js';
import { certificate } from './certificate.js';
import { echoApp } from './hand-made-place.js';
import type { HandMadeRouter, SlotPlaces } from './hand-made-routers.js';
import { Playground } from './playground.js';

/**
 * A Compose project that nobody has deployed with pointsman: both slots run an app that says what it was asked, behind one
 * kind of router after the other.
 */
export class HandMadeProject {
  readonly place: Playground;
  /** Of the router. */
  readonly address: string;
  private readonly places: SlotPlaces;
  /** `pointsman.yml` as it was before the first kind. */
  private readonly settings: string;
  private setUpAt = '0';

  private constructor(
    place: Playground,
    settings: string,
    { address, places }: { address: string; places: SlotPlaces },
  ) {
    this.place = place;
    this.settings = settings;
    this.address = address;
    this.places = places;
  }

  static async create(): Promise<HandMadeProject> {
    const place = await Playground.create();
    try {
      return await HandMadeProject.start(place);
    } catch (error) {
      await place[Symbol.asyncDispose]();
      throw error;
    }
  }

  private static async start(place: Playground): Promise<HandMadeProject> {
    await place.edit('compose.yml', (text) => {
      const file = parseDocument(text);
      file.setIn(['x-app', 'command'], ['python', '-c', echoApp]);
      file.setIn(['x-app', 'ports'], ['8000']);
      return file.toString();
    });
    await composeByHand(place, 'up', '-d', '--wait', 'app-blue', 'app-green', 'router');
    await certificate(place.directory, 'shop.example');
    await inRouter(place, 'cp -a /etc/nginx /tmp/as-it-came');
    const [address, blue] = [await place.container('router'), await place.container('app-blue')];
    const { NetworkSettings } = await place.docker.getContainer(blue?.id ?? '').inspect();
    const [network] = Object.values(NetworkSettings.Networks);
    const port = NetworkSettings.Ports['8000/tcp']?.[0]?.HostPort;
    return new HandMadeProject(place, await readFile(join(place.directory, 'pointsman.yml'), 'utf8'), {
      address: address?.address ?? '',
      places: {
        ...{ project: place.project, address: network?.IPAddress ?? '' },
        published: `${network?.Gateway}:${port}`,
      },
    });
  }

  /**
   * Puts one kind in the place of whatever was there, as if nothing else had ever been; its reload resets no kept connection.
   *
   * @param port of the router, in `pointsman.yml`. Default: it says nothing of it.
   */
  async setUp({ files }: HandMadeRouter, port?: number): Promise<void> {
    const file = parseDocument(this.settings);
    if (port !== undefined) file.setIn(['router', 'port'], port);
    await this.place.edit('pointsman.yml', () => file.toString());
    await inRouter(
      this.place,
      'find /etc/nginx -mindepth 1 ! -path /etc/nginx/conf.d -delete; cp -a /tmp/as-it-came/. /etc/nginx/',
    );
    for (const name of ['cert.pem', 'key.pem']) {
      await this.write({ [`/etc/nginx/tls/${name}`]: await readFile(join(this.place.directory, name), 'utf8') });
    }
    await this.write({ '/etc/nginx/conf.d/kept.conf': 'keepalive_min_timeout 2s;\n', ...files(this.places) });
    await reloadByHand(this.place);
    this.setUpAt = new Date().toISOString();
  }

  /** Writes files into the router, or links where a text is `-> /path`. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const [, target] = /^-> (.*)/.exec(text) ?? [];
      const script = target === undefined ? `cat > ${path}` : `ln -sf ${target} ${path}`;
      await inRouter(this.place, `mkdir -p ${path.replace(/\/[^/]*$/, '')} && ${script}`, text);
    }
  }

  /** What is in place of the config that pointsman writes. */
  config(): Promise<string> {
    return inRouter(this.place, 'cat /etc/nginx/conf.d/default.conf');
  }

  /** What nginx has complained of since it was last set up. */
  async complaints(): Promise<string> {
    const { id } = (await this.place.container('router')) ?? { id: '' };
    const { stderr } = await execa('docker', ['logs', '--since', this.setUpAt, id]);
    return stderr
      .split('\n')
      .filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line))
      .join('\n');
  }

  /** Everything below nginx's directory, with times. */
  files(): Promise<string> {
    return inRouter(this.place, 'cd /etc/nginx && ls -lR --full-time . && find . -type f | sort | xargs tail -n +1');
  }

  /** Which containers run, and since when. */
  async containers(): Promise<string[]> {
    const states = await Promise.all(['app-blue', 'app-green', 'router'].map((name) => this.place.container(name)));
    return states.map((state) => `${state?.id} ${state?.startedAt}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.place[Symbol.asyncDispose]();
  }
}
