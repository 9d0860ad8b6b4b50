/** A server over an empty store that holds the rules of a folder and the own content, and trusts test credentials alone. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../config.ts'
import { type DemoIssuer, demoTrustSources } from '../../demo/demo-issuer.ts'
import { testIssuer } from '../../demo/test-issuer.ts'
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import { importFolder } from '../../publish/import/import-package.ts'
import { ownContentGate, readRecord } from '../../publish/import/own-content.ts'
import { reportLines } from '../../publish/import/report.ts'
import type { Asked } from '../../rules/cases/observed.ts'
import type { RuleResult, Rules } from '../../rules/rules.ts'
import { contentRecord, createServer, ownContentFolders, type VidimusServer } from '../../server.ts'
import type { TrustSource } from '../../trust/lists/trust-source.ts'
import { importOptions } from '../loaded-server.ts'
import type { AuthorFolder } from './author-folder.ts'

/** The server, and what tests of rules need beside it. */
export interface AuthorServer {
  server: VidimusServer
  /** A test issuer whose certificates are good at a time. */
  issuerAt(clock: Date): DemoIssuer
  /** Does work, and answers what rules were asked meanwhile. One at a time. */
  listening<T>(work: () => Promise<T>): Promise<{ result: T; heard: Heard[] }>
  close(): Promise<void>
}

/** What rules were asked, and what they answered. */
interface Heard {
  asked: Asked
  answered: RuleResult[]
}

/** Opens it. @param clocks all times at which credentials are judged */
export async function openAuthorServer(
  folder: AuthorFolder | undefined,
  clocks: Iterable<Date>,
): Promise<AuthorServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-rules-'))
  const remove = () => rmSync(dataDir, { recursive: true, force: true })
  try {
    const { issuerAt, sources } = issuers(dataDir, clocks)
    const lists = join(dataDir, 'trust-lists.json')
    writeFileSync(lists, JSON.stringify(sources))
    const ear = createEar()
    const place = { STORAGE_URL: 'sqlite::memory:', DATA_DIR: dataDir, NODE_ENV: 'production', TRUST_LISTS: lists }
    const server = await createServer(readConfig(place), { aroundRules: ear.around })
    try {
      await load(server, folder)
    } catch (error) {
      await server.close()
      throw error
    }
    const close = async () => {
      await server.close()
      remove()
    }
    return { server, issuerAt, listening: ear.listening, close }
  } catch (error) {
    remove()
    throw error
  }
}

/** Stands between verdicts and rules, and notes what is asked. */
function createEar() {
  let listening: Heard[] | undefined
  return {
    around: (rules: Rules): Rules => ({
      ...rules,
      async evaluateRules(source, call) {
        const answered = await rules.evaluateRules(source, call)
        listening?.push({ asked: { source, call }, answered })
        return answered
      },
    }),
    async listening<T>(work: () => Promise<T>) {
      const heard: Heard[] = []
      listening = heard
      try {
        return { result: await work(), heard }
      } finally {
        listening = undefined
      }
    },
  }
}

/** One test issuer for each year: its certificates are good two years before and after. */
function issuers(dataDir: string, clocks: Iterable<Date>) {
  const made = new Map<number, { issuer: DemoIssuer; sources: TrustSource[] }>()
  const make = (year: number) => {
    const folder = join(dataDir, String(year))
    mkdirSync(folder, { recursive: true })
    const middle = new Date(Date.UTC(year, 6, 1))
    const issuer = testIssuer(folder, middle)
    const sources = demoTrustSources(folder, middle).map((each) => ({ ...each, name: `${each.name}-${year}` }))
    const one = { issuer, sources }
    made.set(year, one)
    return one
  }
  for (const year of new Set([...clocks].map((clock) => clock.getUTCFullYear()))) make(year)
  return {
    issuerAt(clock: Date): DemoIssuer {
      const known = made.get(clock.getUTCFullYear())
      if (!known) throw new TypeError('every clock is told before the server is opened')
      return known.issuer
    },
    sources: [...made.values()].flatMap(({ sources }) => sources),
  }
}

/** The folder first: where it has what is shipped under the same name, it is the folder's that is tried. */
async function load(server: VidimusServer, folder: AuthorFolder | undefined): Promise<void> {
  const own = (folder?.resources ?? []).map(({ resource }) => resource)
  const writes = own.map((resource) => ({
    method: 'PUT' as const,
    type: resource.resourceType,
    id: String(resource.id),
    resource,
  }))
  if (writes.length > 0) await server.storage.write(writes)
  const names = new Set(own.map(nameOf))
  const { indexes: _, ...options } = importOptions(server)
  const gate = ownContentGate(server.publish, readRecord(contentRecord))
  for (const shipped of ownContentFolders)
    for (const report of await importFolder(shipped, {
      ...options,
      gate: { ...gate, compare: apart(gate.compare, names) },
    })) {
      const faults = report.entries.filter(({ status, isConflict }) => status === 'failed' && !isConflict)
      if (faults.length > 0) console.error(reportLines(report).join('\n'))
    }
}

const nameOf = (resource: Resource) => `${resource.resourceType} ${artefactName(resource)}`

type Compare = VidimusServer['publish']['compare']

/** What the folder has is the folder's: the shipped one counts as stored already. */
const apart =
  (compare: Compare, names: ReadonlySet<string>): Compare =>
  async (resource, earlier) =>
    artefactCanonical(resource) && names.has(nameOf(resource))
      ? { kind: 'same', isRetired: true }
      : compare(resource, earlier)
