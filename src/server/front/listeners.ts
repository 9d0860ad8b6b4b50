import type { Config } from '../../config.ts'
import { secretFileProblem } from '../../files/secret-file.ts'
import type { ListenOptions } from '../../http/wire/running-server.ts'
import { readTlsIdentity } from '../../http/wire/tls-identity.ts'
import type { Tell } from './log.ts'

interface ListenerParts {
  now(): Date
  tell: Tell
}

/**
 * Where a server listens by its configuration.
 * @throws Error that says which file of the TLS listener cannot be used and why
 */
export function listeners(config: Config, { now, tell }: ListenerParts): ListenOptions {
  const { host, port, plainHttp, tls, trustedProxies, connectionLimits: limits } = config
  const identity = tls && readTlsIdentity(tls.files, { now, host: hostOf(config), keyProblem: secretFileProblem })
  const warn = () => {
    for (const warning of identity?.warnings() ?? []) tell(`TLS: ${warning}`, 'warn')
  }
  warn()
  const changed = (failure: string | undefined) => {
    if (failure !== undefined)
      return tell(`TLS: the new certificate is not used, the old one stays: ${failure}`, 'error')
    tell('TLS: the new certificate is in use')
    warn()
  }
  return {
    host,
    port: plainHttp ? port : undefined,
    ...(tls && identity ? { tls: { port: tls.port, identity, asksClients: tls.asksClients, changed } } : {}),
    trustedProxies,
    limits,
  }
}

/** Host of the public address where that is asked with TLS. */
function hostOf({ baseUrl }: Config): string | undefined {
  const url = baseUrl === undefined ? undefined : new URL(baseUrl)
  return url?.protocol === 'https:' ? url.hostname.replace(/^\[|\]$/g, '') : undefined
}
