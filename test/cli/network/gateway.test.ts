import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openCms } from '../../../src/cms/cms.ts'
import { type GatewayBench, startBench } from '../../gateway/stand-in.ts'
import { euRule } from '../../support/eu-rule.ts'
import { runCommand } from '../../support/run-command.ts'

describe('vidimus gateway', () => {
  let bench: GatewayBench
  before(async () => {
    bench = await startBench({ quirks: { revocation: true }, signers: [] })
  })
  after(() => bench.close())

  const vidimus = (...args: string[]) => vidimusWith({}, ...args)
  const vidimusWith = (more: Record<string, string>, ...args: string[]) =>
    runCommand(['gateway', ...args], { ...bench.environment('XA'), ...more })
  const inDays = (days: number) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`
  const certificate = () => join(bench.folder, 'XA_DSC_any.pem')
  const written = (name: string, content: string) => {
    writeFileSync(join(bench.folder, name), content)
    return join(bench.folder, name)
  }

  it('certificates: shown, added, there already, listed, taken back, gone', async () => {
    const shown = await vidimus(
      'certificate',
      'add',
      certificate(),
      '--sca',
      join(bench.folder, 'XA_SCA.pem'),
      '--domain',
      'DCC',
      '--dry-run',
    )
    assert.equal(shown.code, 0, shown.stderr)
    const { method, body } = JSON.parse(shown.stdout)
    assert.equal(method, 'POST')
    const { content, signer } = await openCms(Buffer.from(JSON.parse(body).cms, 'base64'))
    assert.ok(content.equals(bench.pki.of('XA').dsc('any').certificate.raw))
    assert.ok(signer.raw.equals(bench.pki.of('XA').up.certificate.raw))
    assert.deepEqual(bench.asked(), [])
    const added = await vidimus('certificate', 'add', certificate(), '--domain', 'DCC')
    assert.deepEqual([added.code, added.stderr], [0, ''])
    const again = await vidimus('certificate', 'add', certificate(), '--domain', 'DCC')
    const listed = await vidimus('certificate', 'list', '--group', 'DSC')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /has it already \(HTTP 409, 0x002/)
    assert.match(listed.stdout, /^XA +DSC +DCC /m)
    assert.equal((await vidimus('certificate', 'remove', certificate())).code, 0)
    const gone = await vidimus('certificate', 'remove', certificate())
    assert.equal(gone.code, 1, gone.stderr)
  })

  it('keys that cannot be opened are a problem of the configuration, told without a stack', async () => {
    bench.asked()
    const password = written('wrong.password', 'wrong')
    chmodSync(password, 0o600)
    const store = written('broken.p12', 'no PKCS#12')
    chmodSync(store, 0o600)
    const broken = { GATEWAY_TLS_CERTIFICATE: store, GATEWAY_TLS_KEY: '', GATEWAY_TLS_PASSWORD_FILE: password }
    const { code, stderr } = await vidimusWith(broken, 'check')
    assert.equal(code, 2)
    assert.match(stderr, /^The configuration has a problem:\n- gateway main: .*broken\.p12 cannot be opened as PKCS#12/)
    assert.doesNotMatch(stderr, /^ +at /m)
    assert.deepEqual(bench.asked(), [])
  })

  it('a misspelt setting is told', async () => {
    const { code, stderr } = await vidimusWith({ GATEWAY_TLS_PASWORD_FILE: 'x' }, 'certificate', 'list', '--json')
    assert.deepEqual(
      [code, stderr],
      [0, 'GATEWAY_TLS_PASWORD_FILE is no setting; is GATEWAY_TLS_PASSWORD_FILE meant?\n'],
    )
  })

  it('of a list without entries it says so', async () => {
    const { code, stdout } = await vidimus('revocation', 'list')
    assert.deepEqual([code, stdout], [0, 'none\n'])
  })

  it('what is not fit is not sent: exit status 2', async () => {
    bench.asked()
    const rule = written('rule.json', '{"Identifier":"x"}')
    const hashes = written('wrong.txt', 'secret\n')
    const foreign = await vidimus(
      'certificate',
      'add',
      join(bench.folder, 'XA_foreign_DSC.pem'),
      '--sca',
      join(bench.folder, 'XA_SCA.pem'),
    )
    const noRule = await vidimus('rule', 'add', rule)
    const noHash = await vidimus('revocation', 'add', hashes, '--type', 'UCI', '--expires', '2030-01-01T00:00:00Z')
    const noType = await vidimus('revocation', 'add', hashes, '--expires', '2030-01-01T00:00:00Z')
    const unknown = await vidimus('check', '--gateway', 'other')
    for (const each of [foreign, noRule, noHash, noType, unknown]) assert.equal(each.code, 2, each.stderr)
    assert.match(foreign.stderr, /under none of the signer/)
    assert.match(noRule.stderr, /Logic is missing/)
    assert.match(noHash.stderr, /no hash in base64 or hexadecimal stands in line 1/)
    assert.doesNotMatch(noHash.stderr, /secret/)
    assert.match(unknown.stderr, /there are main/)
    assert.deepEqual(bench.asked(), [])
  })

  it('revocations and rules: added, listed, taken back', async () => {
    const hashes = written('hashes.txt', `${'ab'.repeat(16)}\n${'cd'.repeat(32)}\n`)
    const added = await vidimus('revocation', 'add', hashes, '--type', 'UCI', '--expires', '2030-01-01T00:00:00Z')
    assert.equal(added.code, 0, added.stderr)
    const [, id = ''] = /^batch ([0-9a-f-]{36}): 2 hashes uploaded$/m.exec(added.stdout) ?? []
    const rule = written(
      'good.json',
      JSON.stringify(
        euRule({
          Identifier: 'VR-XA-0001',
          CertificateType: 'Vaccination',
          Description: [{ lang: 'en', desc: 'One dose at the very least.' }],
          ValidFrom: inDays(3),
          ValidTo: inDays(300),
          AffectedFields: ['v.0.dn'],
          Logic: { '>': [{ var: 'payload.v.0.dn' }, 0] },
        }),
      ),
    )
    const listed = await vidimus('revocation', 'list')
    const ruled = await vidimus('rule', 'add', rule)
    assert.match(listed.stdout, new RegExp(`^${id} +XA `, 'm'))
    assert.equal(ruled.code, 0, ruled.stderr)
    const removed = await vidimus('revocation', 'remove', id)
    const rules = await vidimus('rule', 'list')
    assert.equal(removed.code, 0, removed.stderr)
    assert.match(rules.stdout, /^VR-XA-0001 +1\.0\.0/m)
    const unruled = await vidimus('rule', 'remove', 'VR-XA-0001')
    const checked = await vidimus('check')
    assert.equal(unruled.code, 0, unruled.stderr)
    assert.match(checked.stdout, /the gateway answers; 2 participants/)
  })
})
