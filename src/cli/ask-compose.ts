import { viewOfModel, type AskCompose } from '../config/compose-view.js';
import { composeModel } from '../docker/compose-model.js';
import type { Host } from '../hosts/host.js';

/** Compose on a host, asked about files that are there. */
export function composeOn(host: Host): AskCompose {
  return async (directory, files) => {
    const said = await composeModel(host, { directory, files });
    return 'model' in said ? { view: viewOfModel(files, said.model) } : said;
  };
}
