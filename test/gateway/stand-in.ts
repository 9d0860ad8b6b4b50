/** The stand-in gateway with a server of ours before it, over real mutual TLS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenGateway, openGateway } from '../../src/gateway/open-gateway.ts'
import type { GatewaySettings } from '../../src/gateway/settings.ts'
import type { NetworkHost } from '../../src/network/network-hosts.ts'
import { type StandIn, type StandInOptions, startGateway } from '../support/gateway/gateway.ts'
import { type TestPki, testPki } from '../support/pki/pki.ts'

/** All that a test of a gateway needs. */
export interface GatewayBench {
  pki: TestPki
  gateway: StandIn
  /** Files of all keys. */
  folder: string
  hosts: NetworkHost[]
  /** Settings of a participant; what is changed is taken as it is. */
  settings(country: string, changes?: Partial<GatewaySettings>): GatewaySettings
  /** Settings by which a program takes part as a participant, which uploads unless it only reads. */
  environment(country: string, options?: { reads?: boolean }): Record<string, string>
  /** A participant's gateway, closed with the bench. */
  open(country: string, changes?: Partial<GatewaySettings>): Promise<OpenGateway>
  /** Requests that were asked since the last look, as `METHOD /path`. */
  asked(): string[]
  close(): Promise<void>
}

/** Starts one. */
export async function startBench(options: Omit<StandInOptions, 'pki'> & { pki?: TestPki } = {}): Promise<GatewayBench> {
  const pki = options.pki ?? testPki()
  const gateway = await startGateway({ ...options, pki })
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-gateway-'))
  pki.write(folder)
  const hosts = [{ host: 'localhost', port: gateway.port, address: '127.0.0.1' }]
  const opened: OpenGateway[] = []
  let seen = 0
  const settings = (country: string, changes: Partial<GatewaySettings> = {}): GatewaySettings => ({
    id: 'main',
    url: gateway.url,
    country,
    tls: { certificate: join(folder, `${country}_TLS.pem`), key: join(folder, `${country}_TLS.key`) },
    upload: { certificate: join(folder, `${country}_UP.pem`), key: join(folder, `${country}_UP.key`) },
    ca: join(folder, 'TNG_TLS.pem'),
    anchors: [join(folder, 'TNG_TA.pem')],
    target: 'GATEWAYONLY',
    mode: 'APPEND',
    withFederation: false,
    ...changes,
  })
  return {
    pki,
    gateway,
    folder,
    hosts,
    settings,
    environment: (country, { reads = false } = {}) => ({
      NETWORK: 'on',
      NETWORK_HOSTS: JSON.stringify(hosts),
      GATEWAY_URL: gateway.url,
      GATEWAY_COUNTRY: country,
      GATEWAY_TLS_CERTIFICATE: join(folder, `${country}_TLS.pem`),
      GATEWAY_TLS_KEY: join(folder, `${country}_TLS.key`),
      GATEWAY_CA: join(folder, 'TNG_TLS.pem'),
      GATEWAY_TRUST_ANCHOR: join(folder, 'TNG_TA.pem'),
      ...(reads
        ? {}
        : {
            GATEWAY_UPLOAD_CERTIFICATE: join(folder, `${country}_UP.pem`),
            GATEWAY_UPLOAD_KEY: join(folder, `${country}_UP.key`),
          }),
    }),
    async open(country, changes) {
      const open = await openGateway(settings(country, changes), { isOn: true, hosts, now: () => new Date() })
      opened.push(open)
      return open
    },
    asked() {
      const fresh = gateway.requests.slice(seen)
      seen = gateway.requests.length
      return fresh.map(({ method, path }) => `${method} ${path}`)
    },
    async close() {
      for (const each of opened) each.close()
      await gateway.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
