/**
 * One way in: what PUT refuses as active, an import stores as a draft with the same fault in its report, and neither is ever run;
 * what PUT takes, an import takes as it is.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { importOptions } from '../../src/cli/loaded-server.ts'
import { isError } from '../../src/fhir/error.ts'
import { isAnyResource } from '../../src/fhir/json.ts'
import type { CodeSystem, Library, Parameter, Resource } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { readCases } from '../support/read-cases.ts'
import { codeSystem, contentLibrary, cqlLibrary, openPublishing, textsOf } from './support.ts'

interface Case {
  name: string
  /** Body of a CQL library, an expression of CertLogic, rules of a map, or a resource without what all have. */
  cql?: string
  certlogic?: unknown
  fml?: string
  resource?: { resourceType: string; version?: string; url?: string; status?: string }
  fit?: true
  /** What the fault says. */
  says?: string
}

const base = 'http://example.org/fit'
const { put, putMap, post, get, server } = await openPublishing()
const colours: CodeSystem = {
  ...codeSystem('colours', ['red']),
  url: `${base}/CodeSystem/colours`,
  property: [{ code: 'warm', type: 'boolean' }],
}
for (const each of [colours, { ...cqlLibrary('Sound', 'define Good: true'), url: `${base}/Library/Sound` }])
  assert.equal((await put(each)).status, 201)

const fmlOf = (id: string, rules: string) =>
  `/// version = '1.0.0'\n/// status = 'active'\nmap "${base}/StructureMap/${id}" = M\n\ngroup g(source s, target t) {\n  ${rules}\n}\n`

/** What is published under an id of its own, as a file and as a PUT has it. */
function artefact({ cql, certlogic, fml, resource }: Case, id: string): { text: string; file: string; type: string } {
  const asJson = (made: object, type: string) => ({ text: JSON.stringify(made), file: `${id}.json`, type })
  const own = (type: string) => ({ id, url: `${base}/${type}/${id}`, version: '1.0.0', status: 'active', name: id })
  if (fml !== undefined) return { text: fmlOf(id, fml), file: `${id}.map`, type: 'StructureMap' }
  if (cql !== undefined) return asJson({ ...cqlLibrary(id, cql), url: `${base}/Library/${id}` }, 'Library')
  if (certlogic !== undefined) {
    const library: Library = contentLibrary(id, 'application/certlogic+json', JSON.stringify(certlogic))
    return asJson({ ...library, url: `${base}/Library/${id}` }, 'Library')
  }
  assert.ok(resource)
  return asJson({ ...own(resource.resourceType), ...resource }, resource.resourceType)
}

const write = ({ text, type }: ReturnType<typeof artefact>, id: string) => {
  if (type === 'StructureMap' && !text.startsWith('{')) return putMap(id, text)
  const read: unknown = JSON.parse(text)
  assert.ok(isAnyResource(read))
  return put(read)
}

/** What happens when somebody names a refused artefact exactly. */
async function used(stored: Resource): Promise<number> {
  const named = 'url' in stored ? `${stored.url}|1.0.0` : ''
  const ask = (path: string, ...parameter: Parameter[]) => post(path, { resourceType: 'Parameters', parameter })
  switch (stored.resourceType) {
    case 'StructureMap':
      return (await post(`StructureMap/$transform?source=${encodeURIComponent(named)}`, { a: 1 })).status
    case 'ValueSet':
      return (await get(`ValueSet/$expand?url=${encodeURIComponent(named)}`)).status
    case 'CodeSystem':
      return (await get(`CodeSystem/$lookup?system=${encodeURIComponent(String(stored.url))}&code=a`)).status
    case 'Library':
      return (await ask(`Library/${stored.id}/$evaluate`)).status
    default:
      return (await ask(`PlanDefinition/${stored.id}/$evaluate`, { name: 'credential', valueString: 'HC1:' })).status
  }
}

describe('the one way in', () => {
  for (const [index, each] of readCases<Case>(import.meta.url, 'cases/fit.json').entries()) {
    it(each.name, async () => {
      const [put, imported] = [`Put${index}`, `Import${index}`]
      const says = new RegExp(each.says ?? '.')
      const answer = await write(artefact(each, put), put)
      const { text, file } = artefact(each, imported)
      const report = await importPackage({ bytes: Buffer.from(text), name: file }, importOptions(server))
      const [entry] = report.entries
      assert.ok(entry?.type && entry.id, JSON.stringify(report))
      const stored = (await server.storage.read(entry.type, entry.id))?.resource
      assert.ok(stored)
      if (each.fit) {
        assert.equal(answer.status, 201, textsOf(answer.body))
        assert.deepEqual([entry.status, entry.isDraft], ['loaded', undefined], entry.reason)
        return
      }
      assert.equal(answer.status, 422)
      assert.match(textsOf(answer.body), says)
      assert.deepEqual([entry.status, entry.isDraft], ['loaded', true])
      const told = (entry.issues ?? [])
        .filter(isError)
        .map(({ details, diagnostics }) => `${details?.text} ${diagnostics}`)
      assert.match(told.join('\n'), says)
      assert.equal('status' in stored ? stored.status : undefined, 'draft')
      const status = await used(stored)
      assert.ok(status === 404 || status === 422, `it was used: ${status}`)
    })
  }
})
