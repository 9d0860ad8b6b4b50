import { after } from 'node:test'
import type { Json, JsonObject } from '../../../../src/base/json-value.ts'
import { type ImportOptions, importPackage } from '../../../../src/publish/import/import-package.ts'
import { createEuValueSets } from '../../../../src/server/eu-value-sets.ts'
import { euRule } from '../../../support/eu-rule.ts'
import { openTestServer } from '../../../support/loaded-server.ts'

/** Canonical base of what the tests import. */
export const base = 'http://example.org/eu'

/** A rule about vaccinations of XY, which is taken as it is. */
export const wholeRule = (change: Record<string, Json | undefined> = {}): JsonObject =>
  euRule({
    Identifier: 'VR-XY-0001',
    Country: 'XY',
    CertificateType: 'Vaccination',
    Description: [
      { lang: 'de', desc: 'Mindestens eine Dosis.' },
      { lang: 'en', desc: 'One dose at least.' },
    ],
    AffectedFields: ['v.0.dn'],
    Logic: { '>': [{ var: 'payload.v.0.dn' }, 0] },
    ...change,
  })

/** A server, and imports of files into it. */
export async function openImports(more: Partial<ImportOptions> = {}) {
  const opened = await openTestServer()
  after(() => opened.close())
  const { server } = opened
  const valueSets = createEuValueSets(server.storage)
  const options: ImportOptions = {
    storage: server.storage,
    gate: server.publish,
    canonical: base,
    euRules: {
      uploadKeys: () => [],
      now: new Date('2026-06-01T00:00:00Z'),
      hasValueSet: async (id) => (await valueSets.find(id)) !== undefined,
    },
    ...more,
  }
  const load = (
    content: Json | Uint8Array | { text: string },
    name = 'rules.json',
    change: Partial<ImportOptions> = {},
  ) => {
    const isText =
      typeof content === 'object' && content !== null && 'text' in content && typeof content.text === 'string'
    const text = isText ? String(content.text) : JSON.stringify(content)
    const bytes = content instanceof Uint8Array ? content : Buffer.from(text)
    return importPackage({ bytes, name }, { ...options, ...change })
  }
  const stored = async (type: 'Library' | 'PlanDefinition') =>
    (await server.storage.search({ type, conditions: [], sort: [], count: 1000, total: 'none' })).matches.flatMap(
      ({ resource }) => (resource && 'url' in resource && resource.url?.startsWith(base) ? [resource] : []),
    )
  return { ...opened, options, load, stored }
}
