/**
 * A network in one process: a stand-in for the gateway with its key distribution, and servers of this software that take part in it,
 * each under a public https address of its own, with a clock and timers that a test moves.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { type SampleKind, samplePayload } from '../../src/demo/samples.ts'
import { firstParameter, textParameter } from '../../src/fhir/operation.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import type { NetworkHost } from '../../src/network/network-hosts.ts'
import { createServer, type VidimusServer } from '../../src/server.ts'
import { askPeer, type PeerAnswer, type PeerQuestion } from '../support/ask-peer.ts'
import { type StandIn, type StandInOptions, startGateway } from '../support/gateway/gateway.ts'
import { startHttpsPeer } from '../support/https-peer.ts'
import { type KeyDistribution, startKeyDistribution } from '../support/key-distribution.ts'
import { type PkiKey, type TestPki, testPki } from '../support/pki/pki.ts'

/** What the operator of a network runs. */
export interface Network {
  pki: TestPki
  gateway: StandIn
  lists: KeyDistribution
  /** Where the files of the PKI lie, and what is written besides. */
  folder: string
  /** Writes a file there and answers its path. */
  file(name: string, content: string | Buffer): string
  /** Hosts that servers may reach. */
  hosts: NetworkHost[]
  close(): Promise<void>
}

/** Starts the operator's side. */
export async function startNetwork(options: Partial<StandInOptions> = {}): Promise<Network> {
  const pki = options.pki ?? testPki()
  const gateway = await startGateway({ pki, ...options })
  const lists = await startKeyDistribution(gateway)
  const folder = mkdtempSync(join(tmpdir(), 'network-'))
  pki.write(folder)
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  return {
    pki,
    gateway,
    lists,
    folder,
    file,
    hosts: [{ host: 'localhost', port: gateway.port, address: '127.0.0.1', ca: gateway.ca }, lists.server.listed],
    async close() {
      await lists.close()
      await gateway.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The source of the network's own list, for TRUST_LISTS; read again each minute. */
export function networkList({ lists, file }: Network, more: object = {}): object {
  const key = file('list-signer.json', lists.pinnedKey)
  return { name: 'network', kind: 'did-v2', location: lists.url, key, refreshSeconds: 60, ...more }
}

/** Timers of a server, which run when a test says so. */
export interface Timers {
  after(milliseconds: number, run: () => void): () => void
  /** Lets so much time go by: everything that falls due runs, in its order, each to its end as far as that can be told. */
  advance(milliseconds: number): Promise<void>
}

/** What is begun by a timer and does not ask for its next time within this, in milliseconds, is not waited for. */
const PATIENCE = 5_000

/** Makes timers. */
export function manualTimers(): Timers {
  let now = 0
  const waiting = new Set<{ at: number; run: () => void }>()
  // what a timer began, and whatever that begins, asks for the next time within this context
  const begun = new AsyncLocalStorage<() => void>()
  return {
    after(milliseconds, run) {
      const entry = { at: now + milliseconds, run }
      waiting.add(entry)
      begun.getStore()?.()
      return () => void waiting.delete(entry)
    },
    async advance(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        waiting.delete(next)
        now = Math.max(now, next.at)
        await new Promise<void>((done) => {
          const impatient = setTimeout(done, PATIENCE)
          // a timer of no time at all does not fire within the turn that asked for it, either
          begun.run(() => {
            clearTimeout(impatient)
            setImmediate(done)
          }, next.run)
        })
      }
      now = end
    },
  }
}

/** A server that takes part. */
export interface Participant {
  server: VidimusServer
  timers: Timers
  /** Its public address, and how others reach it. */
  origin: string
  listed: NetworkHost
  dataDir: string
  ask(question: PeerQuestion): Promise<PeerAnswer>
  /** JSON of an address. */
  json<T>(path: string): Promise<T>
  evaluate(credential: string, ...more: object[]): Promise<Verdict>
  close(): Promise<void>
}

/** What `$evaluate` says, in short. */
export interface Verdict {
  status: string | undefined
  decision: string | undefined
  /** Outcome by name of the check. */
  checks: Record<string, string | undefined>
  trustList: string | undefined
  body: Parameters
}

/** What a server shall be. */
export interface ParticipantOptions {
  /** Its public name; by default `<country>.example`. */
  host?: string
  /** Which participant it registers as; by default it uses no gateway. */
  country?: string
  /** Settings. */
  settings?: Record<string, string>
  /** Hosts besides those of the network. */
  hosts?: NetworkHost[]
  /** A data folder that another server left. */
  dataDir?: string
  /** With the own content; by default with nothing. */
  isLoaded?: boolean
}

/** Starts it. */
export async function startParticipant(network: Network, options: ParticipantOptions = {}): Promise<Participant> {
  const { country, settings = {}, isLoaded = false } = options
  const host = options.host ?? `${(country ?? 'reader').toLowerCase()}.example`
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'vidimus-'))
  const timers = manualTimers()
  let server: VidimusServer | undefined
  const peer = await startHttpsPeer((request, response) => {
    if (server) server.handler(request, response)
    else response.writeHead(503).end()
  }, host)
  const hosts = [...network.hosts, ...(options.hosts ?? []), peer.listed]
  const config = readConfig({
    STORAGE_URL: 'sqlite::memory:',
    DATA_DIR: dataDir,
    PORT: '0',
    BASE_URL: peer.origin,
    DEVELOPMENT_TOKEN: 'test',
    ACCESS_LOG: 'off',
    NETWORK: 'on',
    NETWORK_HOSTS: JSON.stringify(hosts.map((each) => ({ ...each, ca: caFile(network, each) }))),
    TRUST_LISTS: JSON.stringify([networkList(network)]),
    ...(country ? gatewaySettings(network, country) : {}),
    ...settings,
  })
  server = await (isLoaded ? openLoadedServer : createServer)(config, { after: timers.after })
  await server.listen()
  const ask = (question: PeerQuestion) => askPeer(peer.listed, question)
  const started = server
  let isOver = false
  return {
    server: started,
    timers,
    origin: peer.origin,
    listed: peer.listed,
    dataDir,
    ask,
    json: async (path) => JSON.parse((await ask({ path })).body.toString()),
    evaluate: (credential, ...more) => evaluate(ask, credential, more),
    async close() {
      if (isOver) return
      isOver = true
      await started.close()
      await peer.close()
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function caFile(network: Network, { host, port, ca = '' }: NetworkHost): string {
  return network.file(`${host}-${port}.pem`, ca)
}

function gatewaySettings({ folder, gateway }: Network, country: string): Record<string, string> {
  const path = (name: string) => join(folder, name)
  return {
    GATEWAY_URL: gateway.url,
    GATEWAY_COUNTRY: country,
    GATEWAY_CA: path('TNG_TLS.pem'),
    GATEWAY_TLS_CERTIFICATE: path(`${country}_TLS.pem`),
    GATEWAY_TLS_KEY: path(`${country}_TLS.key`),
    GATEWAY_UPLOAD_CERTIFICATE: path(`${country}_UP.pem`),
    GATEWAY_UPLOAD_KEY: path(`${country}_UP.key`),
    GATEWAY_TRUST_ANCHOR: path('TNG_TA.pem'),
  }
}

async function evaluate(ask: Participant['ask'], credential: string, more: object[]): Promise<Verdict> {
  const parameter = [{ name: 'credential', valueString: credential }, ...more]
  const { body } = await ask({
    method: 'POST',
    path: '/fhir/$evaluate',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', parameter }),
  })
  const parameters: Parameters = JSON.parse(body.toString())
  const checks = (parameters.parameter ?? [])
    .filter(({ name }) => name === 'check')
    .map(({ part }) => ['name', 'outcome'].map((name) => part?.find((each) => each.name === name)?.valueCode))
  return {
    status: textParameter(parameters, 'status'),
    decision: textParameter(parameters, 'decision'),
    checks: Object.fromEntries(checks),
    trustList: firstParameter(parameters, 'issuer')?.part?.find(({ name }) => name === 'trustList')?.valueString,
    body: parameters,
  }
}

const hour = 3_600_000

/** A credential of now, signed by a key of the PKI. */
export function issue(key: PkiKey, kind: SampleKind = 'dcc-v', at = new Date()): string {
  const [issuedAt, expires] = [new Date(at.getTime() - hour), new Date(at.getTime() + 24 * 30 * hour)]
  const payload = samplePayload(kind, { issuer: key.country, issuedAt, expires })
  const keyId = Buffer.from(key.keyId, 'base64')
  return issueHcert(payload, { privateKey: key.privateKey, keyId, algorithm: 'ES256' })
}

/** Waits until something is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it did not come to be within ${seconds} s: ${what}`)
    await new Promise((next) => setTimeout(next, 20))
  }
}
