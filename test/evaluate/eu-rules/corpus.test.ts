/**
 * The published rules of the EU, imported, selected by country and kind, and run on credentials that are issued here: each gives what its
 * CertLogic gives, and what its authors expect.
 */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { allParameters, parameterValue, textParameter } from '../../../src/fhir/operation.ts'
import type { Library, Parameter, Parameters, ValueSet } from '../../../src/fhir/types.ts'
import { importPath } from '../../../src/publish/import/import-path.ts'
import { countEntries } from '../../../src/publish/import/report.ts'
import { certLogicText, evaluateCertLogic, readCertLogic } from '../../../src/rules/certlogic/certlogic.ts'
import { euRuleToFhir } from '../../../src/rules/certlogic/eu-rule.ts'
import { readCorpus } from '../../rules/environment.ts'
import { testIssuer } from '../../support/issuer.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { overShared, sharedPath } from '../../support/shared.ts'
import { carried } from './carried.ts'

interface RuleTest {
  file: string
  payload?: JsonObject
  external: JsonObject
  expected: boolean
}
interface RuleSet {
  rule: JsonObject
  tests: RuleTest[]
}

const countries = ['AT', 'CY', 'DE', 'EU', 'FR', 'HR', 'NL', 'PL']
const base = 'http://example.org/eu'
const issuer = testIssuer()
/** A moment at which every published rule is in force, for tests that name none. */
const someClock = '2022-12-01T00:00:00Z'
const sets = (country: string) => JSON.parse(readCorpus(`certlogic/${country}.json`)) as RuleSet[]
const kinds: Record<string, string> = { v: 'Vaccination', t: 'Test', r: 'Recovery' }

const plans = `${base}/PlanDefinition/`
const nameOf = (rule: JsonObject) => `${rule.Identifier}|${rule.Version}`
const inForce = ({ ValidFrom, ValidTo }: JsonObject, clock: string) =>
  Date.parse(String(ValidFrom)) <= Date.parse(clock) && Date.parse(clock) <= Date.parse(String(ValidTo))
const sorted = (results: Map<string, unknown>) => [...results].sort(([a], [b]) => (a < b ? -1 : 1))
const text = (name: string, value: unknown): Parameter => ({ name, valueString: JSON.stringify(value) })

/** A value set of the tests, which name codes alone. */
const valueSet = (id: string, codes: string[], version: string): ValueSet => ({
  resourceType: 'ValueSet',
  id: `${id}-${version}`,
  url: `${base}/ValueSet/${id}`,
  version,
  status: 'active',
  identifier: [{ system: 'https://ec.europa.eu/health/ehealth/covid-19', value: id }],
  compose: { include: [{ system: `urn:test:${id}`, concept: codes.map((code) => ({ code })) }] },
})

overShared.describe('the 98 published rules of the EU', () => {
  const all = countries.flatMap((country) => sets(country).map((set) => ({ ...set, country })))
  const lists: Record<string, string[]>[] = JSON.parse(readCorpus('certlogic/valuesets.json'))
  let opened: Awaited<ReturnType<typeof openTestServer>>
  before(async () => {
    opened = await openTestServer()
  })
  after(() => opened.close())

  overShared.it('come in as they are', async () => {
    const { storage, publish, now } = opened.server
    const options = {
      storage,
      gate: publish,
      canonical: base,
      indexes: opened.dataDir,
      codeSystem: {},
      euRules: { uploadKeys: () => [], now: now(), hasValueSet: async () => true },
    }
    const report = await importPath(sharedPath('corpora/certlogic'), options)
    assert.deepEqual(countEntries(report), { loaded: 196, updated: 0, unchanged: 0, skipped: 3, failed: 0 })
    for (const { rule } of all) {
      const [library] = await storage.findCanonical('Library', `${base}/Library/${rule.Identifier}`)
      assert.deepEqual(JSON.parse(certLogicText(library as Library)?.toString() ?? ''), rule)
    }
    const again = await importPath(sharedPath('corpora/certlogic'), options)
    assert.equal(countEntries(again).unchanged, 196)
  })

  const publishLists = async (which: number) => {
    const resources = Object.entries(lists[which] ?? {}).map(([id, codes]) => valueSet(id, codes, `${which + 1}`))
    const writes = resources.map((resource) => ({
      method: 'PUT' as const,
      type: 'ValueSet',
      id: resource.id ?? '',
      resource,
    }))
    await opened.server.storage.write(writes)
  }

  const ask = async (certificate: object, clock: string, country: string): Promise<Parameters> => {
    const seconds = Date.parse(clock) / 1000
    const claims = { issuer: 'XA', issuedAt: seconds - 60, expires: seconds + 86_400 }
    const text = issueHcert(hcertClaims({ ...claims, certificate: [1, certificate as never] }), issuer.signer)
    const parameter: Parameter[] = [
      { name: 'credential', valueString: text },
      { name: 'evaluationDateTime', valueDateTime: clock },
      { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
      { name: 'jurisdiction', valueCode: country },
    ]
    return opened.server.evaluate.answer({ resourceType: 'Parameters', parameter }, {})
  }

  /** Results of the EU's rules in a reply, by `identifier|version`, the verdict held against them. */
  const resultsOf = (reply: Parameters): Map<string, unknown> => {
    assert.equal(textParameter(reply, 'status'), 'VERIFIED')
    const results = new Map<string, unknown>(
      allParameters(reply, 'rule').flatMap(({ part = [] }) => {
        const value = (wanted: string) => parameterValue(part.find((each) => each.name === wanted))
        const plan = String(value('planDefinition'))
        return plan.startsWith(plans) ? [[plan.slice(plans.length), value('result') ?? null]] : []
      }),
    )
    const decision = textParameter(reply, 'decision')
    if ([...results.values()].includes(false)) assert.equal(decision, 'rejected')
    else if ([...results.values()].includes(null)) assert.notEqual(decision, 'accepted')
    return results
  }

  /** What their logic gives for those that apply: of the country, for one of the kinds, in force. */
  const direct = (country: string, certificate: JsonObject, { clock, which }: { clock: string; which: number }) => {
    const own = Object.entries(kinds).flatMap(([member, kind]) => (member in certificate ? [kind] : []))
    const external: JsonObject = { validationClock: clock, valueSets: lists[which] ?? {} }
    const applying = all.filter(
      ({ rule, country: other }) =>
        other === country && inForce(rule, clock) && ['General', ...own].includes(String(rule.CertificateType)),
    )
    return new Map(
      applying.map(({ rule }): [string, unknown] => {
        const outcome = evaluateCertLogic(readCertLogic(euRuleToFhir(rule, { base }).library), {
          payload: certificate,
          external,
        })
        return [nameOf(rule), 'value' in outcome ? outcome.value : null]
      }),
    )
  }

  const byLibrary = async (rule: JsonObject, { payload, external }: RuleTest) => {
    const complete = {
      ...external,
      ...(external.valueSets === undefined ? {} : { valueSets: lists[Number(external.valueSets)] ?? {} }),
    }
    const { results } = await opened.server.rules.encodeLibrary({
      library: `${base}/Library/${nameOf(rule)}`,
      parameters: {
        resourceType: 'Parameters',
        parameter: [text('payload', payload ?? null), text('external', complete)],
      },
      clock: someClock,
    })
    return results[0]?.parameters
  }

  overShared.it(
    'decide as their authors expect, by selection on issued certificates and by their libraries',
    async () => {
      const left = new Map<string, number>()
      const replies = new Map<string, Map<string, unknown>>()
      let issued = 0
      for (const which of [0, 1]) {
        await publishLists(which)
        for (const { rule, tests, country } of all)
          for (const test of tests) {
            if ((test.external.valueSets ?? 0) !== which) continue
            const name = `${nameOf(rule)} ${test.file}`
            assert.deepEqual(await byLibrary(rule, test), [{ name: 'Logic', valueBoolean: test.expected }], name)
            const certificate = carried(test.payload, rule.AffectedFields as string[])
            if (typeof certificate === 'string') {
              left.set(certificate, (left.get(certificate) ?? 0) + 1)
              continue
            }
            issued++
            const clock = String(test.external.validationClock ?? someClock)
            const key = JSON.stringify([certificate, clock, country, which])
            const results = replies.get(key) ?? resultsOf(await ask(certificate, clock, country))
            if (!replies.has(key))
              assert.deepEqual(
                sorted(results),
                sorted(direct(country, certificate as JsonObject, { clock, which })),
                name,
              )
            replies.set(key, results)
            assert.equal(results.get(nameOf(rule)), test.expected, name)
          }
      }
      // The others no issuer could certify; they ran by their libraries.
      assert.equal(issued, 457)
      assert.deepEqual(Object.fromEntries(left), {
        'it certifies no event': 216,
        'an entry lacks dn, which its schema requires': 6,
        'an entry is empty': 7,
        'a dose has a number below one': 1,
      })
    },
  )
})
