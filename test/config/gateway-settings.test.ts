import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError, readConfig } from '../../src/config.ts'
import { testPki } from '../support/pki/pki.ts'
import { readCases } from '../support/read-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-gateways-'))
after(() => rmSync(folder, { recursive: true, force: true }))
testPki().write(folder)
writeFileSync(join(folder, 'open.key'), 'x', { mode: 0o640 })
chmodSync(join(folder, 'open.key'), 0o640)
writeFileSync(join(folder, 'other.p12'), Buffer.from([0x30, 0x00]), { mode: 0o600 })
writeFileSync(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
writeFileSync(join(folder, 'none.json'), '{}')
writeFileSync(
  join(folder, 'relative.json'),
  JSON.stringify([
    { id: 'b', url: 'https://b.example/', country: 'XA', tlsCertificate: 'XA_TLS.pem', tlsKey: 'XA_TLS.key' },
  ]),
)

interface Case {
  name: string
  set: Record<string, unknown>
  problems: string[]
}

/** `{f}` is the folder of the keys; JSON stands as JSON. */
function environmentOf(set: Case['set']): Record<string, string> {
  const texts = Object.entries(set).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return Object.fromEntries(texts.map(([name, text = '']) => [name, text.replaceAll('{f}', folder)]))
}

function problemsOf(set: Case['set']): string[] {
  try {
    readConfig(environmentOf(set))
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.map((each) => each.replaceAll(folder, '{f}'))
  }
}

describe('settings of gateways', () => {
  for (const { name, set, problems } of readCases<Case>(import.meta.url, 'cases/gateways.json'))
    it(name, () => assert.deepEqual(problemsOf(set), problems))

  it('the single settings make one that is called main', () => {
    const { gateways } = readConfig(
      environmentOf({
        GATEWAY_URL: 'https://tng.example/api/',
        GATEWAY_COUNTRY: 'XA',
        GATEWAY_TLS_CERTIFICATE: '{f}/XA_TLS.pem',
        GATEWAY_TLS_KEY: '{f}/XA_TLS.key',
        GATEWAY_UPLOAD_CERTIFICATE: '{f}/XA_UP.pem',
        GATEWAY_UPLOAD_KEY: '{f}/XA_UP.key',
        GATEWAY_TRUST_ANCHOR: '{f}/TNG_TA.pem, {f}/TNG_TLS.pem',
      }),
    )
    assert.deepEqual(gateways, [
      {
        id: 'main',
        url: 'https://tng.example/api',
        country: 'XA',
        tls: { certificate: join(folder, 'XA_TLS.pem'), key: join(folder, 'XA_TLS.key') },
        upload: { certificate: join(folder, 'XA_UP.pem'), key: join(folder, 'XA_UP.key') },
        anchors: [join(folder, 'TNG_TA.pem'), join(folder, 'TNG_TLS.pem')],
        target: 'GATEWAYONLY',
        mode: 'APPEND',
        withFederation: false,
      },
    ])
  })

  it('paths of a file count from its folder; none of a gateway is no gateway', () => {
    const [gateway] = readConfig({ GATEWAYS: join(folder, 'relative.json') }).gateways
    assert.equal(gateway?.tls.certificate, join(folder, 'XA_TLS.pem'))
    assert.equal(gateway?.upload, undefined)
    assert.deepEqual(readConfig({}).gateways, [])
    assert.deepEqual(readConfig({ GATEWAYS: '[]' }).gateways, [])
  })

  it('whatever JSON stands there is a list of gateways, or problems that begin with the setting', () => {
    const member = fc.constantFrom(
      'id',
      'url',
      'country',
      'tlsCertificate',
      'tlsKey',
      'anchors',
      'mode',
      '__proto__',
      'x',
    )
    const entry = fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue()))
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const problems = problemsOf({ GATEWAYS: JSON.stringify(entries) })
        for (const problem of problems) assert.match(problem, /^GATEWAYS/)
        if (entries.length > 0) assert.ok(problems.length > 0)
      }),
    )
  })
})
