import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import type { Scanned } from '../../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { type CborInput, encodeCbor } from '../../../src/demo/cbor-encode.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { testIssuer } from '../../support/issuer.ts'

/** Signs test results only (extended key usage 2021.1.1). */
const testOnly = testIssuer({ extendedKeyUsage: ['1.3.6.1.4.1.1847.2021.1.1'] })
const anyEvent = testIssuer()
const clock = new Date('2022-06-01T00:00:00Z')

const verify = (credential: Scanned, issuer = anyEvent) =>
  verifyCredential(credential, { formats: credentialFormats, keys: anchorKeySource([issuer.anchor]), clock })
const check = ({ checks }: Awaited<ReturnType<typeof verify>>, name: string) =>
  checks.find((each) => each.name === name)

const nam = { fn: 'Specimen', fnt: 'SPECIMEN', gn: 'Ada', gnt: 'ADA' }
const dose = {
  tg: '840539006',
  vp: '1119349007',
  mp: 'EU/1/20/1528',
  ma: 'ORG-100030215',
  dn: 2,
  sd: 2,
  dt: '2022-01-01',
  co: 'XA',
  is: 'Ministry',
  ci: 'URN:UVCI:01:XA:1',
}
const test = {
  tg: '840539006',
  tt: 'LP6464-4',
  sc: '2022-01-01T09:00:00Z',
  tr: '260415000',
  co: 'XA',
  is: 'Ministry',
  ci: 'URN:UVCI:01:XA:2',
}
const dcc = (members: object) => ({ ver: '1.3.0', nam, dob: '1985-03-14', ...members }) as CborInput
const times: [number, CborInput][] = [
  [1, 'XA'],
  [4, 1_700_000_000],
  [6, 1_640_995_200],
]
const map = (entries: [CborInput, CborInput][]) => new Map<CborInput, CborInput>(entries)
const issue = (hcert: CborInput, issuer = anyEvent, more: [CborInput, CborInput][] = []) => [
  issueHcert(map([...times, [-260, hcert], ...more]), issuer.signer),
]
const issueDcc = (members: object, issuer = anyEvent) => issue(map([[1, dcc(members)]]), issuer)

describe('events that a key for test results must not certify', () => {
  const vaccination = dcc({ v: [dose] })
  const twice = (first: CborInput, second: CborInput, key: CborInput) =>
    map([
      [1, first],
      [key, second],
    ])
  const cases: Record<string, CborInput> = {
    'a list under a tag': map([[1, dcc({ v: { tag: 99, value: [dose] }, t: [test] })]]),
    'a list under tag 0': map([[1, dcc({ v: { tag: 0, value: [dose] }, t: [test] })]]),
    'one map instead of a list': map([[1, dcc({ v: dose, t: [test] })]]),
    'a text instead of a list': map([[1, dcc({ v: 'x', t: [test] })]]),
    'null instead of a list': map([[1, dcc({ v: null, t: [test] })]]),
    'a second subclaim 1 as text': twice(dcc({ t: [test] }), vaccination, '1'),
    'a second subclaim 1 under a tag': twice(dcc({ t: [test] }), vaccination, { tag: 99, value: 1 }),
    'a second subclaim 1 as bignum': twice(dcc({ t: [test] }), vaccination, { tag: 2, value: Buffer.from([1]) }),
    'a second subclaim 1 as float': twice(dcc({ t: [test] }), vaccination, { float: 1 }),
    'a member list spelt twice': map([
      [1, map([...Object.entries(dcc({ t: [test] }) as object), [{ tag: 99, value: 'v' }, [dose]]])],
    ]),
    'a vaccination among the test results of claim 4': map([
      [4, { name: 'Ada', test: { result: 'x' }, vaccination: { date: '2022-01-01' }, certificate: {} }],
    ]),
    'a list of doses among the test results of claim 4': map([[4, { name: 'Ada', test: { result: 'x' }, v: [dose] }]]),
    'a vaccination beside the lists of an EU DCC': map([[1, dcc({ t: [test], vaccination: { date: '2022-01-01' } })]]),
    'a vaccination as second subclaim': map([
      [1, dcc({ t: [test] })],
      [3, { name: 'Ada', vaccination: { date: '2022-01-01' }, certificate: {} }],
    ]),
    'a DVC as second subclaim': map([
      [4, { name: 'Ada', test: { result: 'x' }, certificate: {} }],
      [-6, { n: 'Ada', v: [{ dn: 1, dt: '2022-01-01', vp: 'x' }] }],
    ]),
  }
  for (const [name, hcert] of Object.entries(cases)) {
    it(name, async () => {
      const verdict = await verify(issue(hcert, testOnly), testOnly)
      assert.notEqual(verdict.status, 'VERIFIED')
      assert.ok(
        ['UNSUPPORTED_CONTENT', 'KEY_USAGE_MISMATCH', 'INVALID_SIGNING_FORMAT'].includes(verdict.status),
        verdict.status,
      )
      assert.equal(verdict.content, undefined)
    })
  }

  it('claim -260 twice, the second as text or bignum', async () => {
    for (const key of ['-260', { tag: 3, value: Buffer.from([1, 3]) }] as CborInput[]) {
      const verdict = await verify(
        issue(map([[1, dcc({ t: [test] })]]), testOnly, [[key, map([[1, vaccination]])]]),
        testOnly,
      )
      assert.equal(verdict.status, 'UNSUPPORTED_CONTENT')
      assert.equal(check(verdict, 'signature')?.outcome, 'pass')
    }
  })

  it('events beside claim -260', async () => {
    const verdict = await verify(
      issue(map([[1, dcc({ t: [test] })]]), testOnly, [['vaccine', { code: 'x' }]]),
      testOnly,
    )
    assert.equal(verdict.status, 'UNSUPPORTED_CONTENT')
  })

  it('while its test results are verified', async () => {
    const verdict = await verify(issue(map([[1, dcc({ t: [test] })]]), testOnly), testOnly)
    assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
    assert.deepEqual([verdict.inputs.length, verdict.events, verdict.obstacles], [1, ['t'], []])
  })
})

describe('several kinds in one certificate', () => {
  const core = { name: 'Ada Specimen', vaccination: { date: '2022-01-01' }, certificate: {} }

  it('are all read, and all their events count', async () => {
    const verdict = await verify(
      issue(
        map([
          [1, dcc({ t: [test] })],
          [3, core],
        ]),
      ),
    )
    assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
    assert.equal(verdict.format, 'hcert-dcc')
    assert.deepEqual(
      verdict.inputs.map(({ claims }) => Object.keys(Object(claims))),
      [
        ['1', '4', '6', '-260'],
        ['name', 'vaccination', 'certificate'],
      ],
    )
    assert.deepEqual(verdict.events, ['t', 'v'])
    assert.deepEqual(Object.keys(Object(verdict.content)['-260']), ['1', '3'])
  })

  for (const key of [2, 9, -7, 'x']) {
    it(`an unknown one (${key}) beside a known one makes accepted impossible`, async () => {
      const verdict = await verify(
        issue(
          map([
            [1, dcc({ v: [dose] })],
            [key, { a: 1 }],
          ]),
        ),
      )
      assert.equal(verdict.status, 'VERIFIED')
      assert.equal(check(verdict, 'payload')?.outcome, 'warn')
      assert.equal(verdict.obstacles.length, 1)
    })
  }

  it('a link beside a certificate is not followed, and makes accepted impossible', async () => {
    const verdict = await verify(
      issue(
        map([
          [1, dcc({ v: [dose] })],
          [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ'],
        ]),
      ),
    )
    assert.equal(verdict.status, 'VERIFIED')
    assert.equal(verdict.obstacles.length, 1)
  })

  it('the reserved key 2 alone is not read', async () => {
    assert.equal((await verify(issue(map([[2, dcc({ v: [dose] })]])))).status, 'UNSUPPORTED_CONTENT')
  })

  it('a known one that cannot be read spoils the others', async () => {
    assert.equal(
      (
        await verify(
          issue(
            map([
              [1, dcc({ v: [dose] })],
              [3, { name: 'x' }],
            ]),
          ),
        )
      ).status,
      'UNSUPPORTED_CONTENT',
    )
  })
})

describe('values that FHIR would refuse', () => {
  const content = (verdict: Awaited<ReturnType<typeof verify>>) => Object(verdict.content)['-260']?.['1']

  for (const [name, dob] of Object.entries<CborInput>({
    'a day that does not exist': '1988-00-02',
    'another day that does not exist': '1988-02-30',
    'another order of the parts': '01.06.1988',
    'a number': 19880602,
    'a list': ['1988-06-02'],
    'a month of unknown number': '1988-XX',
    'blanks around': ' 1988-06-02',
  })) {
    it(`a date of birth that is ${name} is left out, and the rest stays`, async () => {
      const verdict = await verify(issueDcc({ v: [dose], dob }))
      assert.equal(verdict.status, 'VERIFIED')
      assert.equal(check(verdict, 'payload')?.outcome, 'warn')
      assert.match(String(check(verdict, 'payload')?.detail), /dob is not a date and was left out/)
      assert.equal('dob' in content(verdict), false)
      assert.deepEqual(content(verdict).v, [dose])
    })
  }

  for (const [name, changes, kept] of [
    ['a date of vaccination that does not exist', { dt: '2021-13-01' }, undefined],
    ['a number as date', { dt: 20220101 }, undefined],
    ['a date with a time', { dt: '2022-01-01T10:00:00Z' }, { dt: '2022-01-01' }],
    ['a date under tag 0', { dt: { tag: 0, value: '2022-01-01' } }, { dt: '2022-01-01' }],
    ['a date under tag 1', { dt: { tag: 1, value: 1_640_995_200 } }, { dt: '2022-01-01' }],
    ['a count as text', { dn: '2' }, { dn: 2 }],
    ['a count as whole float', { dn: { float: 2 } }, { dn: 2 }],
    ['half a count', { dn: 1.5 }, undefined],
    ['no count', { dn: 0 }, undefined],
    ['a count that is no number', { dn: Number.NaN }, undefined],
    ['a code with blanks around', { vp: ' 1119349007 ' }, undefined],
    ['a code that is a number', { vp: 1119349007 }, undefined],
    ['a code with a control character', { vp: '11\u00001' }, undefined],
  ] as [string, Record<string, CborInput>, object | undefined][]) {
    it(`${name} is ${kept ? 'converted' : 'left out'}, with a warning`, async () => {
      const verdict = await verify(issueDcc({ v: [{ ...dose, ...changes }] }))
      assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
      assert.equal(check(verdict, 'payload')?.outcome, 'warn')
      const without = Object.fromEntries(Object.entries(dose).filter(([member]) => !(member in changes)))
      assert.deepEqual(content(verdict).v[0], { ...without, ...kept })
    })
  }

  it('times of tests are completed where that is certain, and left out where they name no offset', async () => {
    const time = async (sc: string) => content(await verify(issueDcc({ t: [{ ...test, sc }] }))).t[0].sc
    assert.equal(await time('2022-01-01T09:00:00+02'), '2022-01-01T09:00:00+02:00')
    assert.equal(await time('2022-01-01T09:00:00.5+0230'), '2022-01-01T09:00:00.5+02:30')
    assert.equal(await time('2022-01-01T09:00:00'), undefined)
    assert.equal(await time('2022-01-01T25:00:00Z'), undefined)
    assert.equal(await time('2022-02-30T09:00:00Z'), undefined)
  })

  it('unknown members stay behind, and only their place is told', async () => {
    const verdict = await verify(issueDcc({ v: [{ ...dose, PRIVATE: 'Secret' }], meta: { x: 1 } }))
    assert.equal(verdict.status, 'VERIFIED')
    assert.ok(!JSON.stringify(verdict).includes('PRIVATE'))
    assert.equal(check(verdict, 'payload')?.outcome, 'warn')
  })

  it('texts are read in normal form C', async () => {
    const verdict = await verify(issueDcc({ v: [dose], nam: { ...nam, fn: 'Ange\u0301le' } }))
    assert.equal(content(verdict).nam.fn, 'Ang\u00e9le')
    assert.equal(check(verdict, 'payload')?.outcome, 'pass')
  })

  it('names like those of prototypes are members like others', async () => {
    const text = issueDcc({
      v: [dose],
      nam: map([...Object.entries(nam), ['__proto__', { fn: 'Other' }], ['constructor', 'x']]),
    })
    const verdict = await verify(text)
    assert.equal(verdict.status, 'VERIFIED')
    assert.deepEqual(content(verdict).nam, nam)
  })
})

describe('nothing of the content is looked at before the signature', () => {
  it('a fault of the content keeps key and signature, where these hold', async () => {
    const verdict = await verify(issueDcc({ v: ['x'] }))
    assert.equal(verdict.status, 'UNSUPPORTED_CONTENT')
    assert.deepEqual(
      ['key', 'signature', 'key-usage', 'validity-period'].map((name) => check(verdict, name)?.outcome),
      ['pass', 'pass', 'pass', 'pass'],
    )
  })

  it('and is not told where they fail', async () => {
    const stranger = testIssuer()
    const unknown = await verify(issueDcc({ v: ['x'], dob: 5 }, stranger))
    assert.equal(unknown.status, 'ISSUER_NOT_TRUSTED')
    assert.deepEqual(check(unknown, 'payload'), { name: 'payload', outcome: 'pass' })
    const forged = issueHcert(hcertClaims({ certificate: [1, dcc({ v: [dose] })] }), anyEvent.signer, {
      replacedPayload: hcertClaims({ certificate: [1, dcc({ v: ['x'], meta: 1 })] }),
    })
    const verdict = await verify([forged])
    assert.equal(verdict.status, 'INVALID_SIGNATURE')
    assert.equal(check(verdict, 'payload')?.outcome, 'pass')
    assert.deepEqual(verdict.events, [])
  })
})

describe('exp and iat are mandatory for every kind with CWT claims', () => {
  const kinds: [number, CborInput][] = [
    [1, dcc({ v: [dose] })],
    [3, { name: 'Ada', vaccination: { date: '2022-01-01' }, certificate: {} }],
    [-6, { n: 'Ada', v: { dn: 1, dt: '2022-01-01', vp: 'x' } }],
  ]
  for (const [key, value] of kinds) {
    it(`warns for subclaim ${key}`, async () => {
      const verdict = await verify([
        issueHcert(hcertClaims({ issuer: 'XA', certificate: [key, value] }), anyEvent.signer),
      ])
      assert.equal(verdict.status, 'VERIFIED')
      assert.equal(check(verdict, 'validity-period')?.outcome, 'warn')
      assert.match(String(check(verdict, 'validity-period')?.detail), /claim 4.*claim 6/)
    })
  }
})

describe('raw transport', () => {
  it('reads COSE bytes, plain or compressed, with the same checks', async () => {
    const compressed = decodeBase45(String(issueDcc({ v: [dose] })[0]), 4) ?? Buffer.alloc(0)
    const plain = inflateSync(compressed)
    for (const raw of [compressed, plain, deflateSync(plain)]) {
      const verdict = await verify(raw)
      assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
      assert.equal(check(verdict, 'encoding')?.outcome, 'skipped')
    }
    const changed = Buffer.from(plain)
    const at = changed.indexOf('SPECIMEN')
    changed.write('SPECIMEM', at)
    assert.equal((await verify(changed)).status, 'INVALID_SIGNATURE')
    for (const broken of [
      Buffer.alloc(0),
      Buffer.from([0x78]),
      Buffer.from('HC1:'),
      plain.subarray(2),
      encodeCbor([1, 2, 3, 4]),
    ]) {
      const verdict = await verify(broken)
      assert.notEqual(verdict.status, 'VERIFIED')
      assert.equal(check(verdict, 'encoding')?.outcome, 'skipped')
    }
  })

  it('a later version of the text is named', async () => {
    const verdict = await verify([`HC2:${String(issueDcc({ v: [dose] })[0]).slice(4)}`])
    assert.equal(verdict.status, 'NOT_SUPPORTED')
    assert.match(String(check(verdict, 'recognise')?.detail), /later version/)
  })
})
