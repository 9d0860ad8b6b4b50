import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseCanonical } from '../../../../src/fhir/canonical.ts'
import { FhirError } from '../../../../src/fhir/error.ts'
import {
  isNamedBy,
  matchesVersion,
  olderFirst,
  preferredSystemFirst,
} from '../../../../src/terminology/request/versions.ts'
import {
  compareSnomedVersions,
  isEdition,
  parseSnomedUri,
} from '../../../../src/terminology/vocabularies/snomed/version-uri.ts'
import { parameters } from '../../support.ts'
import { release, versions } from './editions.ts'
import { snomedTerminology } from './engine.ts'

const edition = 'http://snomed.info/sct/731000124108'

describe('URIs of SNOMED CT', () => {
  it('editions and versions in parts', () => {
    assert.deepEqual(parseSnomedUri(edition), { published: true, module: '731000124108' })
    assert.deepEqual(parseSnomedUri('http://snomed.info/xsct/11000999105/version/20270131'), {
      published: false,
      module: '11000999105',
      date: '20270131',
    })
    for (const odd of [
      'http://snomed.info/sct',
      'http://snomed.info/sct/',
      'https://snomed.info/sct/731000124108',
      `${edition}/version/`,
      `${edition}/version/2025`,
      `${edition}/version/20250901/`,
      `${edition}?fhir_vs`,
      'http://snomed.info/id/731000124108',
    ])
      assert.equal(parseSnomedUri(odd), undefined, odd)
  })

  it('an edition without a date names each of its versions and no other', () => {
    assert.equal(isEdition(edition), true)
    assert.equal(isNamedBy(edition, `${edition}/version/20250901`), true)
    assert.equal(matchesVersion(edition, `${edition}/version/20250901`), true)
    assert.equal(matchesVersion(edition, versions.international), false)
    assert.equal(matchesVersion(edition, `${edition}0/version/20250901`), false)
    assert.equal(matchesVersion(`${edition}/version/20250901`, `${edition}/version/20260301`), false)
    assert.equal(matchesVersion('http://snomed.info/sct', `${edition}/version/20250901`), false)
    assert.equal(isNamedBy(undefined, undefined), true)
    assert.equal(isNamedBy(edition, undefined), false)
  })

  it('the order is a total one: by date, then by edition', () => {
    const uri = fc
      .tuple(
        fc.constantFrom('sct', 'xsct'),
        fc.constantFrom('731000124108', '900000000000207008', '11000999105'),
        fc.constantFrom('20250101', '20250701'),
      )
      .map(([space, module, date]) => `http://snomed.info/${space}/${module}/version/${date}`)
    fc.assert(
      fc.property(uri, uri, uri, (a, b, c) => {
        assert.equal(Math.sign(olderFirst(a, b)) + Math.sign(olderFirst(b, a)), 0)
        assert.equal(olderFirst(a, b) === 0, a === b)
        if (olderFirst(a, b) <= 0 && olderFirst(b, c) <= 0) assert.ok(olderFirst(a, c) <= 0)
      }),
    )
    assert.equal(compareSnomedVersions(edition, '1.0.0'), undefined)
  })

  it('the edition that is set, the international one, the newest', () => {
    const all = Object.values(versions).map((version) => ({ version, status: 'active' }))
    const ordered = (set?: string) => all.toSorted(preferredSystemFirst(set)).map(({ version }) => version)
    const { small, earlier, international, later, american } = versions
    assert.deepEqual(ordered(), [later, international, american, small, earlier])
    assert.deepEqual(ordered('731000124108'), [american, later, international, small, earlier])
    assert.deepEqual(ordered(earlier), [earlier, later, international, american, small])
  })

  it('bars and marks of an expression are no version and no fragment', () => {
    const url = 'http://snomed.info/sct?fhir_vs=ecl/< 64572001 |Disease| : 1142135004 >= #5'
    assert.deepEqual(parseCanonical(url), { url })
    assert.deepEqual(parseCanonical(`${url}|${versions.small}`), { url, version: versions.small })
    assert.deepEqual(parseCanonical('http://snomed.info/sct?fhir_vs|1#a'), {
      url: 'http://snomed.info/sct?fhir_vs',
      version: '1',
      fragment: 'a',
    })
  })

  it('any url about it is answered or refused, and never a fault of the server', async () => {
    const engine = snomedTerminology([release('small')])
    const piece = fc.oneof(
      fc.constantFrom(
        '?fhir_vs',
        '=isa/',
        '=refset',
        '/',
        '=ecl/',
        '<',
        '<<',
        '^',
        '138875005',
        '|',
        '#',
        '%',
        '%7C',
        '?fhir_cm=',
        '(',
        'AND',
        ' ',
        '*',
        versions.small,
        'version/',
      ),
      fc.string({ maxLength: 3 }),
    )
    const url = fc.array(piece, { maxLength: 6 }).map((each) => `http://snomed.info/sct${each.join('')}`)
    await fc.assert(
      fc.asyncProperty(url, async (asked) => {
        const calls = [
          () => engine.expand(parameters({ url: asked, count: 3 })),
          () => engine.validateCode(parameters({ url: asked, system: 'http://snomed.info/sct', code: '138875005' })),
          () => engine.lookup(parameters({ system: asked, code: '138875005' })),
          () => engine.translate(parameters({ url: asked, system: 'http://snomed.info/sct', code: '138875005' })),
        ]
        for (const call of calls) {
          await call().catch((error: unknown) => {
            assert.ok(error instanceof FhirError, String(error))
            assert.ok(error.status < 500, String(error))
          })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('TerminologyCapabilities name each version, the one that counts, filters and languages', async () => {
    const engine = snomedTerminology([release('small'), release('later')])
    const instance = { url: 'http://localhost/fhir', software: { name: 'vidimus', version: '1' } }
    const shown = JSON.parse(JSON.stringify(await engine.capabilities(instance)))
    const found = shown.codeSystem.find(({ uri }: { uri: string }) => uri === 'http://snomed.info/sct')
    const named = found.version.map(({ code, isDefault }: { code: string; isDefault: boolean }) => [code, isDefault])
    assert.deepEqual(named, [
      [versions.later, true],
      [versions.small, false],
    ])
    for (const { filter, language, property, compositional } of found.version) {
      assert.ok(filter.some(({ code, op }: { code: string; op: string[] }) => code === 'constraint' && op[0] === '='))
      assert.deepEqual([language, compositional], [['en'], true])
      assert.ok(property.includes('sufficientlyDefined'))
    }
  })
})
