/** Descriptions of test credentials, and what is issued of them. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultLimits } from '../../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeCredential } from '../../../src/credentials/decoded.ts'
import { demoTrustSources } from '../../../src/demo/demo-issuer.ts'
import { issueDescription } from '../../../src/demo/description/issue-description.ts'
import { DescriptionError, readDescription } from '../../../src/demo/description/read-description.ts'
import { contentShapes } from '../../../src/demo/description/shapes.ts'
import { testIssuer } from '../../../src/demo/test-issuer.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { testIssuer as otherIssuer } from '../../support/issuer.ts'
import { readCases } from '../../support/read-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-issue-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const now = new Date('2026-11-20T12:00:00Z')
const issuer = testIssuer(folder, now)
const examples = new URL('../../../docs/issuing/', import.meta.url)
const example = (name: string) => readFileSync(new URL(`${name}.yaml`, examples), 'utf8')
const names = readdirSync(examples).map((file) => file.replace('.yaml', ''))

const problemOf = async (run: () => unknown): Promise<string> => {
  try {
    await run()
  } catch (error) {
    if (error instanceof DescriptionError) return error.message
    throw error
  }
  return ''
}

describe('reading a description', () => {
  for (const each of readCases<{ name: string; yaml: string; problem: string }>(
    import.meta.url,
    'cases/descriptions.json',
  ))
    it(each.name, async () =>
      assert.match(await problemOf(() => readDescription(each.yaml)), new RegExp(each.problem, 's')),
    )

  it('of whatever text ends in a description or in problems with their places', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'format: shc',
        'content:',
        '  resources:',
        '  - {a: [',
        '&a',
        '*a',
        '? ',
        '- - -',
        '!!binary x',
        '"',
      ),
    )
    const nested = fc.nat(5000).map((depth) => `content: ${'['.repeat(depth)}`)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(line).map((lines) => lines.join('\n')),
          nested,
        ),
        (text) => {
          try {
            assert.ok(readDescription(text).description.format in contentShapes)
          } catch (error) {
            assert.ok(error instanceof DescriptionError, String(error))
            assert.ok(error.message !== '')
          }
        },
      ),
    )
  })
})

describe('issuing', () => {
  it('has an example of every format', () => {
    const formats = names.map((name) => readDescription(example(name)).description.format)
    assert.deepEqual([...new Set(formats)].sort(), Object.keys(contentShapes).sort())
  })

  for (const name of names)
    it(`${name}: is verified under the lists that go with it, as the format that was asked for, and says TEST`, async () => {
      const read = readDescription(example(name))
      const code = await issueDescription(read, { issuer, now })
      const trust = await loadTrustLists(demoTrustSources(folder, now), { now: () => now })
      const verified = await verifyCredential([code], { formats: credentialFormats, keys: trust.keys(), clock: now })
      const { format } = read.description
      if (format === 'smart-health-link') {
        assert.equal(verified.status, 'UNSUPPORTED_CONTENT')
        assert.match(Buffer.from(code.slice('shlink:/'.length), 'base64url').toString(), /"label":"TEST"/)
        return
      }
      assert.deepEqual([verified.status, verified.format], ['VERIFIED', format])
      const decoded = decodeCredential([code], credentialFormats, defaultLimits)
      assert.ok(!('check' in decoded))
      if (format !== 'hcert-link') assert.deepEqual(decoded.remarks, [])
      const link = /vhlink:\/([\w-]+)/.exec(JSON.stringify(decoded.content))?.[1]
      const shown = link ? Buffer.from(link, 'base64url').toString() : JSON.stringify(decoded.content)
      assert.match(shown, /TEST/)
      assert.ok(decoded.period.expires === undefined || typeof decoded.period.expires === 'number')
    })

  interface Case {
    name: string
    file: string
    set?: string
    change?: [string, string]
    problem: string
  }
  for (const each of readCases<Case>(import.meta.url, 'cases/issuing.json'))
    it(each.name, async () => {
      const [from = '', to = ''] = each.change ?? []
      const text = `${example(each.file).replace(from, to)}${each.set ?? ''}\n`
      const problem = await problemOf(() => issueDescription(readDescription(text), { issuer, now }))
      assert.match(problem, new RegExp(each.problem, 's'))
    })

  it('marks a name once', async () => {
    const text = example('seal').replace('SPECIMEN ADA', 'TEST PERSON')
    const code = await issueDescription(readDescription(text), { issuer, now })
    assert.match(code, /"n":"TEST PERSON"/)
  })
})

describe('keys', () => {
  const copy = () => {
    const other = mkdtempSync(join(tmpdir(), 'vidimus-keys-'))
    after(() => rmSync(other, { recursive: true, force: true }))
    cpSync(folder, other, { recursive: true })
    return other
  }
  it('of an earlier run are used again', () =>
    assert.equal(testIssuer(folder, now).certificate.fingerprint256, issuer.certificate.fingerprint256))
  it('that are missing are made anew', () => {
    const other = copy()
    rmSync(join(other, 'demo/keys/divoc-key.pem'))
    assert.notEqual(testIssuer(other, now).certificate.fingerprint256, issuer.certificate.fingerprint256)
  })
  const foreign = otherIssuer()
  const pem = foreign.signer.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a key of somebody else', { 'demo/keys/dsc-key.pem': pem }, /dsc-key\.pem is not the key of/],
    [
      'a key of somebody else with its certificate',
      { 'demo/keys/dsc-key.pem': pem, 'demo/trust/dsc.pem': foreign.dsc.toString() },
      /dsc\.pem is of somebody else/,
    ],
    ['another authority', { 'demo/trust/sca.pem': foreign.sca.toString() }, /sca\.pem is of somebody else/],
    [
      'a seal signer of somebody else',
      { 'demo/keys/seal.pem': foreign.dsc.toString() },
      /seal\.pem is of somebody else/,
    ],
    ['a DIVOC key of somebody else', { 'demo/keys/divoc-key.pem': pem }, /divoc-key\.pem is of somebody else/],
    ['a key without certificate', { 'demo/trust/dsc.pem': 'no certificate' }, /dsc-key\.pem has no certificate/],
  ]
  for (const [name, files, why] of cases)
    it(`refuses ${name}`, () => {
      const other = copy()
      for (const [file, text] of Object.entries(files)) writeFileSync(join(other, file), text)
      assert.throws(() => testIssuer(other, now), why)
    })
})
