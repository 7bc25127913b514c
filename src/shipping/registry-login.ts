import { loginDirectory } from '../docker/registry-login.js';
import { BundleError, type BundleFile } from './bundle.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where a registry's credentials are: names of variables, never their values. */
export interface RegistryLogin {
  /** `registry.example.org`. */
  readonly server: string;
  readonly userVariable: string;
  readonly passwordVariable: string;
}

/**
 * What `docker login` would write, as a file of the release alone: no other user and no later deploy can use it, and it
 * is removed once the image is there.
 *
 * @throws {BundleError} when a variable has no value.
 */
export function registryLogin(login: RegistryLogin, variables: Variables): BundleFile {
  const [user, password] = [login.userVariable, login.passwordVariable].map((name) => {
    const value = variables[name];
    if (!value) throw new BundleError(`${name} has no value here: it is needed to log in to ${login.server}.`);
    return value;
  });
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  const content = Buffer.from(JSON.stringify({ auths: { [login.server]: { auth } } }));
  return { path: `${loginDirectory}/config.json`, mode: 0o600, content };
}
