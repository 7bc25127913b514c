import { SshError } from '../error.js';
import { matchesPatterns } from '../patterns.js';
import type { ConfigLine } from './lines.js';

/** Keywords that count, or that shape how the others are read. */
const supported = words(`
  AddressFamily BindAddress CertificateFile GlobalKnownHostsFile HostKeyAlias HostName IdentitiesOnly IdentityAgent
  IdentityFile IgnoreUnknown PKCS11Provider Port ProxyJump User UserKnownHostsFile
`);

/**
 * Keywords that change neither where a connection leads nor who is believed to be there, or that make `ssh` believe
 * more than pointsman does: host keys are always verified, and the only way to log in is a key.
 */
const harmless = words(`
  AddKeysToAgent BatchMode CASignatureAlgorithms CanonicalDomains CanonicalizeFallbackLocal CanonicalizeMaxDots
  CanonicalizePermittedCNAMEs ChallengeResponseAuthentication ChannelTimeout CheckHostIP Ciphers ClearAllForwardings
  Compression CompressionLevel ConnectTimeout ConnectionAttempts ControlMaster ControlPath ControlPersist
  DynamicForward EnableEscapeCommandline EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash
  ForkAfterAuthentication ForwardAgent ForwardX11 ForwardX11Timeout ForwardX11Trusted GSSAPIAuthentication
  GSSAPIClientIdentity GSSAPIDelegateCredentials GSSAPIKexAlgorithms GSSAPIKeyExchange GSSAPIRenewalForcesRekey
  GSSAPIServerIdentity GSSAPITrustDns GatewayPorts HashKnownHosts HostKeyAlgorithms HostbasedAcceptedAlgorithms
  HostbasedAuthentication HostbasedKeyTypes IPQoS KbdInteractiveAuthentication KbdInteractiveDevices KexAlgorithms
  LocalCommand LocalForward LogLevel LogVerbose MACs NoHostAuthenticationForLocalhost NumberOfPasswordPrompts
  ObscureKeystrokeTiming PasswordAuthentication PermitLocalCommand PermitRemoteOpen PreferredAuthentications Protocol
  ProxyUseFdpass PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes RekeyLimit RemoteCommand RemoteForward RequestTTY
  RequiredRSASize SecurityKeyProvider SendEnv ServerAliveCountMax ServerAliveInterval SessionType SetEnv StdinNull
  StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility TCPKeepAlive Tag Tunnel TunnelDevice
  UpdateHostKeys UseKeychain VerifyHostKeyDNS VersionAddendum VisualHostKey WarnWeakCrypto XAuthLocation
`);

interface Unsupported {
  /** Values with which the keyword does nothing. */
  readonly unless: RegExp;
  readonly fix: string;
}

/** Keywords without which a connection would lead elsewhere, or trust or offer what it should not. */
const unsupported: Readonly<Record<string, Unsupported>> = {
  bindinterface: { unless: /^none$/i, fix: 'Name the address to connect from with BindAddress.' },
  canonicalizehostname: { unless: /^(no|false)$/i, fix: 'Write the full name with HostName.' },
  knownhostscommand: { unless: /^none$/i, fix: 'Put the keys that it prints into known_hosts.' },
  proxycommand: { unless: /^none$/i, fix: 'Name the host to go through with ProxyJump.' },
  pubkeyauthentication: {
    unless: /^(yes|true|unbound|host-bound)$/i,
    fix: 'pointsman logs in with keys only: allow them for this host.',
  },
  refuseconnection: { unless: /^none$/i, fix: 'Leave it out for this host if pointsman is to connect there.' },
  revokedhostkeys: { unless: /^none$/i, fix: 'Mark these keys as @revoked in known_hosts.' },
};

/**
 * What a configuration says of a host must all be understood: a keyword that is left out may be the way there.
 *
 * @param options the lines that apply to the host, by keyword.
 * @throws {SshError} `usage` with the keyword, where it stands, and what to do.
 */
export function refuseUnsupported(options: ReadonlyMap<string, readonly ConfigLine[]>): void {
  const ignored = options.get('ignoreunknown')?.[0]?.values.join(',').toLowerCase().split(',') ?? [];
  for (const line of [...options.values()].flat()) refuse(line, ignored);
  const local = options.get('localcommand')?.[0];
  if (local && /^(yes|true)$/i.test(options.get('permitlocalcommand')?.[0]?.values[0] ?? '')) {
    throw unsupportedAt(local, 'Set PermitLocalCommand to no for this host, and run the command beforehand.');
  }
}

function refuse(line: ConfigLine, ignored: readonly string[]): void {
  const { keyword, written, values, place } = line;
  if (supported.has(keyword) || harmless.has(keyword)) return;
  const known = Object.hasOwn(unsupported, keyword) ? unsupported[keyword] : undefined;
  if (known && !known.unless.test(values[0] ?? '')) throw unsupportedAt(line, known.fix);
  if (known || matchesPatterns(ignored, keyword)) return;
  throw new SshError(
    'usage',
    `${place}: the keyword ${written} is not known to pointsman, and may change how to connect. ` +
      'Leave it out for this host, or name it in IgnoreUnknown.',
  );
}

/** Says that something in a configuration is not supported. */
export function unsupportedAt({ place, written }: ConfigLine, fix: string, what = written): SshError {
  return new SshError('usage', `${place}: pointsman does not support ${what}. ${fix}`);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().split(/\s+/).filter(Boolean));
}
