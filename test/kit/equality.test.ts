/** A kit and the server that made it say the same of every credential. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before } from 'node:test'
import { evaluationReply } from '../../src/evaluate/reply.ts'
import { readEvaluateRequest } from '../../src/evaluate/request.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import type { KitEvaluation } from '../../src/server/kit/kit-evaluation.ts'
import { type CredentialCase, credentialCases } from '../support/credential-cases.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { overShared } from '../support/shared.ts'
import { sourcesOfCases } from './corpus-keys.ts'
import { kitOf, scopeOf, verdictsBy } from './support.ts'

const places = [
  'qr',
  'shc',
  'dgc.jsonl',
  'malformed/hcert.jsonl',
  'malformed/shc.jsonl',
  'malformed/divoc.jsonl',
  'malformed/icao.jsonl',
  'malformed/link.jsonl',
]

overShared.describe('a kit and the server that made it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-kit-'))
  const cases = places.flatMap((place) => credentialCases(place))
  let bed: Awaited<ReturnType<typeof openTestServer>>
  let kit: KitEvaluation
  before(async () => {
    const sources = sourcesOfCases(cases, folder)
    bed = await openTestServer({ JURISDICTION: 'XA', TRUST_LISTS: JSON.stringify(sources) })
    kit = await verdictsBy((await kitOf(bed.server, scopeOf('XA'))).bytes, bed.server)
  })
  after(async () => {
    await kit?.close()
    await bed?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const questionOf = ({ texts: [text = '', ...parts], clock }: CredentialCase): Parameters => ({
    resourceType: 'Parameters',
    parameter: [
      { name: 'credential', valueString: text },
      ...parts.map((valueString) => ({ name: 'credentialPart', valueString })),
      { name: 'evaluationDateTime', valueDateTime: (clock ?? new Date('2026-01-01T00:00:00Z')).toISOString() },
    ],
  })
  const answer = async (evaluate: KitEvaluation['evaluate'], question: Parameters, jurisdiction: string) => {
    const settings = { allowRequestTrustAnchors: false, jurisdiction }
    try {
      return evaluationReply(await evaluate(readEvaluateRequest(question, settings, { now: new Date() })))
    } catch (error) {
      if (error instanceof FhirError) return { status: error.status, issues: error.issues }
      throw error
    }
  }

  overShared.it(`answer ${cases.length} cases alike`, async () => {
    const counts = new Map<string, number>()
    for (const each of cases) {
      const question = questionOf(each)
      const byServer = await answer((request) => bed.server.evaluate.evaluate(request), question, kit.jurisdiction)
      const byKit = await answer(kit.evaluate, question, kit.jurisdiction)
      assert.deepEqual(byKit, byServer, each.id)
      const status = 'parameter' in byServer ? byServer.parameter?.find(({ name }) => name === 'status') : undefined
      const decision = 'parameter' in byServer ? byServer.parameter?.find(({ name }) => name === 'decision') : undefined
      const name = `${status?.valueCode} ${decision?.valueCode}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const verified = [...counts]
      .filter(([name]) => name.startsWith('VERIFIED'))
      .reduce((sum, [, count]) => sum + count, 0)
    assert.ok(verified >= 100, `only ${verified} are verified: ${JSON.stringify([...counts])}`)
  })
})
