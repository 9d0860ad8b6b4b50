import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json } from '../../../src/base/json-value.ts'
import { dvc } from '../../../src/credentials/hcert/dvc.ts'
import { olderSpelling, vaccinationsOf } from '../../../src/credentials/hcert/dvc-forms.ts'

const product = 'YellowFeverProductd2c75a15ed309658b3968519ddb31690'

describe('claim -6 in the spelling of older maps', () => {
  it('has what the newer one says under the older names', () => {
    const newer = {
      n: 'Ada Specimen',
      dob: '1985-03-14',
      nt: 'URY',
      id: 'X1',
      dt: 'PPN',
      v: '0.1.0',
      vx: { vp: product, dv: '2021-12-02', bo: 'A1', is: 'URY' },
    }
    assert.deepEqual(olderSpelling(newer), {
      n: 'Ada Specimen',
      dob: '1985-03-14',
      ntl: 'URY',
      nid: 'X1',
      ndt: 'PPN',
      v: [{ dt: '2021-12-02', vp: product, bo: 'A1', is: 'URY' }],
    })
  })
  it('is the claim itself where it is spelt so', () => {
    const older = { n: 'Ada', v: [{ vp: product, dt: '2021-12-02' }] }
    assert.equal(olderSpelling(older), older)
  })
  it('goes to maps that compose resources, the claim as it was signed to the others', () => {
    const claim = { n: 'Ada', vx: { vp: product, dv: '2021-12-02' } }
    const input = dvc.kinds['hcert-icvp']?.input?.({ '-260': { '-6': claim } })
    assert.deepEqual(input?.claims, claim)
    assert.deepEqual(input?.composition?.(), { n: 'Ada', v: [{ dt: '2021-12-02', vp: product }] })
    assert.equal(input?.events, 1)
  })
})

/** Claims that look like one, with anything in them. */
const member = fc.oneof(
  { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 },
  { arbitrary: fc.constantFrom('2021-12-02', '2021-02-30', '1D47', 'RA01', product, 'XM0N24', ''), weight: 3 },
)
const members = (names: string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, member])), { requiredKeys: [] })
const vaccination = members(['dn', 'tg', 'vp', 'mp', 'ma', 'mid', 'dt', 'dv', 'bo', 'vls', 'vle', 'cn', 'is', 'x', 't'])
const vaccinations = fc.oneof(vaccination, fc.array(vaccination, { maxLength: 3 }), member)
const claims = fc
  .tuple(
    members(['n', 'dob', 's', 'ntl', 'nt', 'nid', 'id', 'ndt', 'dt', 'gn', 'd', 'v', 'vaccine', '__proto__']),
    fc.record({ v: vaccinations, vx: vaccinations }, { requiredKeys: [] }),
  )
  .map(([holder, events]): Json => ({ ...holder, ...events }) as Json)

describe('any claim -6', () => {
  it('is read or refused with a sentence, and never shows more vaccinations than it has', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const opened = dvc.read(claim)
        if (typeof opened === 'string') return void assert.match(opened, /^[a-z].{10,}/)
        assert.ok(isJsonObject(opened.content))
        assert.equal(vaccinationsOf(opened.content).length, vaccinationsOf(claim).length)
        assert.deepEqual(opened.events, ['v'])
        for (const format of [...opened.formats, ...(opened.formatsUnder?.('ICVP') ?? [])])
          assert.ok(format in dvc.kinds, format)
        // No remark and no obstacle repeats a value of the certificate.
        const told = [...opened.remarks, ...opened.obstacles.map(({ text }) => text)].join('\n')
        assert.doesNotMatch(told, /YellowFeverProduct|2021-/)
      }),
    )
  })
  it('says the same in whatever order its members stand', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const turned = Object.fromEntries(Object.entries(Object(claim)).reverse()) as Json
        const [one, other] = [claim, turned].map((each) => dvc.read(each))
        if (typeof one === 'string' || typeof other === 'string') assert.deepEqual(one, other)
        else {
          assert.deepEqual(new Set(one?.remarks), new Set(other?.remarks))
          assert.deepEqual(
            new Set(one?.obstacles.map(({ text }) => text)),
            new Set(other?.obstacles.map(({ text }) => text)),
          )
        }
      }),
    )
  })
})
