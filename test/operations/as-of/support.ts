import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { type SampleKind, samplePayload } from '../../../src/demo/samples.ts'
import type { Library, Parameter, PlanDefinition, Resource, ValueSet } from '../../../src/fhir/types.ts'
import type { VidimusServer } from '../../../src/server.ts'
import { type TestIssuer, testIssuer } from '../../support/issuer.ts'
import { openTestServer } from '../../support/loaded-server.ts'

const yearMilliseconds = 365 * 86_400_000

/** A folder with lists that a test changes, and the server that reads them. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'vidimus-as-of-'))
  readonly dataDir = join(this.folder, 'data')
  readonly xa = testIssuer({ country: 'XA' })
  readonly xb = testIssuer({ country: 'XB' })
  server!: VidimusServer
  address = ''
  #close: (() => Promise<void>) | undefined

  constructor() {
    for (const name of ['keys', 'revoked', 'more']) mkdirSync(join(this.folder, name))
    this.keys([this.xa, this.xb])
    this.distrust({})
    this.revoke([])
    this.more([])
  }

  /** The certificates of the first list, each with what is said of it. */
  keys(issuers: TestIssuer[], status?: Record<string, string>, folder = 'keys'): void {
    const at = join(this.folder, folder)
    rmSync(at, { recursive: true })
    mkdirSync(at)
    const entries = issuers.map((each) => {
      const file = `${each.country.toLowerCase()}.pem`
      writeFileSync(join(at, file), each.dsc.toString())
      const said = status?.[each.country]
      return { file, participant: `X${each.country}`, domain: 'DCC', usage: 'DSC', ...(said ? { status: said } : {}) }
    })
    writeFileSync(join(at, 'trust.json'), JSON.stringify(entries))
  }

  /** The second list. */
  more(issuers: TestIssuer[]): void {
    this.keys(issuers, undefined, 'more')
  }

  distrust(names: { participants?: string[]; thumbprints?: string[]; keyIds?: string[] }): void {
    writeFileSync(join(this.folder, 'distrusted.json'), JSON.stringify(names))
  }

  /** Batches of revoked hashes (hex), of XA. */
  revoke(hashes: string[]): void {
    const entries = hashes.map((hash) => ({ hash: Buffer.from(hash, 'hex').toString('base64') }))
    const expires = new Date(Date.now() + yearMilliseconds).toISOString()
    const batch = { country: 'XA', expires, kid: '', hashType: 'SIGNATURE', entries }
    writeFileSync(join(this.folder, 'revoked', 'xa.json'), JSON.stringify([batch]))
  }

  get environment(): Record<string, string> {
    const at = (name: string) => join(this.folder, name)
    return {
      DATA_DIR: this.dataDir,
      STORAGE_URL: 'sqlite:store.db',
      JURISDICTION: 'XA',
      TRUST_LISTS: JSON.stringify([
        { name: 'first', kind: 'certificates', location: at('keys') },
        { name: 'second', kind: 'certificates', location: at('more') },
        { name: 'out', kind: 'distrusted', location: at('distrusted.json') },
        { name: 'revoked', kind: 'revocation', location: at('revoked'), participant: 'XXA' },
      ]),
    }
  }

  async open(more: Record<string, string> = {}): Promise<void> {
    await this.close()
    const opened = await openTestServer({ ...this.environment, ...more })
    this.server = opened.server
    this.#close = () => opened.server.close()
    this.address = await opened.server.listen()
  }

  async close(): Promise<void> {
    await this.#close?.()
    this.#close = undefined
  }

  /** Ends all and takes the folder away. */
  async end(): Promise<void> {
    await this.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Reads the lists again; what was answered before and what is answered from now on have different milliseconds. */
  async reload(): Promise<void> {
    await pause()
    await this.server.trust.reload()
    await pause()
  }

  async request(method: string, path: string, body?: object, more: Record<string, string> = {}) {
    const headers = { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json', ...more }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${this.address}/fhir/${path}`, { method, headers, ...sent })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  async put(...resources: Resource[]): Promise<void> {
    await pause()
    for (const resource of resources) {
      const { status, text } = await this.request('PUT', `${resource.resourceType}/${resource.id}`, resource)
      if (status >= 300) throw new Error(`${resource.resourceType}/${resource.id}: ${text}`)
    }
    await pause()
  }

  evaluate(parameter: Parameter[], path = '$evaluate', more: Record<string, string> = {}) {
    return this.request('POST', path, { resourceType: 'Parameters', parameter }, more)
  }

  credential(kind: SampleKind, by: TestIssuer = this.xa): string {
    const issuedAt = new Date('2026-01-01T00:00:00Z')
    const expires = new Date('2030-01-01T00:00:00Z')
    return issueHcert(samplePayload(kind, { issuer: by.country, issuedAt, expires }), by.signer)
  }
}

/** What happens before and after stands in different milliseconds. */
export const pause = () => sleep(3)

/** The last moment that is over. */
export async function momentNow(): Promise<string> {
  const at = new Date()
  await pause()
  return at.toISOString()
}

const url = 'http://example.org'

/** A rule that asks the value set. */
export const inProducts =
  'exists([Immunization] I where exists(I.protocolApplied P where exists(P.targetDisease D where D in "products")))'

/** A value set of what vaccines are against. */
export const products = (version: string, codes: string[]): ValueSet => ({
  resourceType: 'ValueSet',
  id: `products-${version}`,
  url: `${url}/ValueSet/products`,
  version,
  name: 'Products',
  status: 'active',
  compose: {
    include: [{ system: 'http://id.who.int/icd11/mms', concept: codes.map((code) => ({ code })) }],
  },
})

/** A library of one rule. */
export const library = (version: string, rule: string): Library => ({
  resourceType: 'Library',
  id: `rule-${version}`,
  url: `${url}/Library/Rule`,
  version,
  name: 'Rule',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
  content: [
    {
      contentType: 'text/cql',
      data: Buffer.from(
        `library Rule version '${version}'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
valueset "products": '${url}/ValueSet/products'
context Patient
define Good: ${rule}
`,
      ).toString('base64'),
    },
  ],
})

/** A rule set of it, in force in XA. */
export const plan = (version: string, of: string): PlanDefinition => ({
  resourceType: 'PlanDefinition',
  id: `plan-${version}`,
  url: `${url}/PlanDefinition/plan`,
  version,
  name: 'Plan',
  status: 'active',
  jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'XA' }] }],
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
  library: [`${url}/Library/Rule|${of}`],
  action: [
    {
      title: 'rule',
      condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
    },
  ],
})
