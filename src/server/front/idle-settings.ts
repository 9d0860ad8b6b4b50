import type { Config } from '../../config.ts'

/** What an operator has set that has no effect as the rest stands, one line each: no mistake that would do harm, and not what he meant. */
export function idleSettings(config: Config): string[] {
  const { storageReads, storageUrl, gateways, networkHosts, network, mirror } = config
  const { keyDirectory, keyDirectoryEnvironment, legacyDcc, routesOff, publicTlsCertificate } = config
  const told: [isIdle: boolean, text: string][] = [
    [
      storageReads === 'nearest' && !storageUrl.startsWith('mongodb'),
      'STORAGE_READS is nearest, and the store is no replica set: it changes nothing',
    ],
    [networkHosts.length > 0 && !network, 'NETWORK_HOSTS names hosts, and NETWORK is off: none of them is asked'],
    [gateways.length > 0 && !network, 'a gateway is configured, and NETWORK is off: it is not asked'],
    [
      mirror !== undefined && (gateways.length === 0 || !network),
      `MIRROR is set, and ${gateways.length === 0 ? 'no gateway is configured' : 'NETWORK is off'}: nothing is mirrored`,
    ],
    [
      publicTlsCertificate !== undefined && gateways.length === 0,
      'PUBLIC_TLS_CERTIFICATE is set, and no gateway is configured: nobody is told of it',
    ],
    [
      keyDirectoryEnvironment !== 'prod' && !keyDirectory,
      'KEY_DIRECTORY_ENVIRONMENT is set, and KEY_DIRECTORY is off: it changes nothing',
    ],
    [legacyDcc && routesOff.has('legacy'), 'LEGACY_DCC is on, and ROUTES_OFF names legacy: it is not served'],
  ]
  return [
    ...told.flatMap(([isIdle, text]) => (isIdle ? [text] : [])),
    ...addressProblem(config),
    ...idleClients(config),
  ]
}

/** An address that stands in links and that nobody can go to. */
function addressProblem(config: Config): string[] {
  const isEverywhere = config.host === '0.0.0.0' || config.host === '::'
  if (config.baseUrl !== undefined || !isEverywhere) return []
  return [`BASE_URL is not set: links and references name the host ${config.host}, which leads nowhere from elsewhere`]
}

/** Clients that may never write what their scopes say. */
function idleClients({ authority: { clients, issuer } }: Config): string[] {
  return clients.flatMap(({ id, keys, scopes, canonicalPrefixes }) => {
    const writes = scopes.some(({ permissions }) => permissions.some((each) => each !== 'read' && each !== 'search'))
    if (keys.length === 0 && issuer === undefined)
      return [`CLIENTS: ${id} has no keys (jwks, jwksFile), and there is no TOKEN_ISSUER: it gets no token`]
    if (keys.length > 0 && writes && canonicalPrefixes.length === 0)
      return [`CLIENTS: ${id} may write by its scopes, and has no canonicalPrefixes: every write of it is refused`]
    return []
  })
}
