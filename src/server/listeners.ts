import type { Config } from '../config.ts'
import { secretFileProblem } from '../files/secret-file.ts'
import type { ListenOptions } from '../http/wire/running-server.ts'
import { readTlsIdentity } from '../http/wire/tls-identity.ts'

interface ListenerParts {
  now(): Date
  /** Takes a line for the operator. */
  tell(text: string): void
}

/**
 * Where a server listens by its configuration.
 * @throws Error that says which file of the TLS listener cannot be used and why
 */
export function listeners(config: Config, { now, tell }: ListenerParts): ListenOptions {
  const { host, port, plainHttp, tls, trustedProxies, connectionLimits: limits } = config
  const identity = tls && readTlsIdentity(tls.files, { now, keyProblem: secretFileProblem })
  for (const warning of identity?.warnings() ?? []) tell(`TLS: ${warning}`)
  const changed = (failure: string | undefined) =>
    tell(
      failure === undefined
        ? 'TLS: the new certificate is in use'
        : `TLS: the new certificate is not used, the old one stays: ${failure}`,
    )
  return {
    host,
    port: plainHttp ? port : undefined,
    ...(tls && identity ? { tls: { port: tls.port, identity, asksClients: tls.asksClients, changed } } : {}),
    trustedProxies,
    limits,
  }
}
