import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type CmsOptions, makeCms } from './cms.ts'
import { testPki } from './pki.ts'

const pki = testPki()
const xa = pki.of('XA')
const folder = mkdtempSync(join(tmpdir(), 'pki-'))
after(() => rmSync(folder, { recursive: true }))

const openssl = (...args: string[]) => spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })

describe('The test PKI', () => {
  xa.dsc('rsa')
  pki.write(folder)

  it('writes itself under the names of the network, with an index of key ids', () => {
    const index: { file: string; kid: string; thumbprint: string; country: string; role: string }[] = JSON.parse(
      readFileSync(join(folder, 'index.json'), 'utf8'),
    )
    assert.equal(index.length, 2 + 2 * 12 + 1)
    for (const { file, kid, thumbprint, country, role } of index) {
      const { raw } = new X509Certificate(readFileSync(join(folder, file)))
      const digest = createHash('sha256').update(raw).digest()
      assert.deepEqual([digest.toString('hex'), digest.subarray(0, 8).toString('base64')], [thumbprint, kid])
      assert.equal(file, `${country || 'TNG'}_${role}.pem`)
    }
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('.signed.json')).length, 8)
  })

  it('issues what openssl verifies, and an expired and a foreign signer, which it does not', () => {
    const good = openssl('verify', '-CAfile', 'XA_SCA.pem', 'XA_DSC_all.pem', 'XA_DSC_any.pem', 'XA_DSC_rsa.pem')
    assert.equal(good.status, 0, good.stderr)
    assert.equal(openssl('verify', '-purpose', 'sslserver', '-CAfile', 'XA_DECA.pem', 'XA_DESC.pem').status, 0)
    assert.match(openssl('verify', '-CAfile', 'XA_SCA.pem', 'XA_DSC_expired.pem').stderr, /expired/)
    assert.match(openssl('verify', '-CAfile', 'XA_SCA.pem', 'XA_foreign_DSC.pem').stderr, /issuer/)
  })

  it('keeps onboarding records that openssl verifies as signed by the anchor', () => {
    for (const role of ['SCA', 'TLS', 'UP', 'DECA']) {
      const record = JSON.parse(readFileSync(join(folder, `XB_${role}.signed.json`), 'utf8'))
      writeFileSync(join(folder, 'record.cms'), Buffer.from(record.trustAnchorSignature, 'base64'))
      const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'record.cms', '-binary', '-out', 'record.der']
      const verified = openssl(...verify, '-certfile', 'TNG_TA.pem', '-nointern', '-noverify')
      assert.equal(verified.status, 0, verified.stderr)
      assert.deepEqual(readFileSync(join(folder, 'record.der')), Buffer.from(record.certificateRawData, 'base64'))
    }
  })

  const kinds: Record<string, CmsOptions> = {
    usual: {},
    'BER with indefinite lengths': { isIndefinite: true },
    'SHA-384': { hash: 'sha384' },
    'without signed attributes': { hasNoAttributes: true },
    'without signing time': { at: null },
    'signer by key id': { isByKeyId: true },
  }
  for (const [name, options] of Object.entries(kinds))
    it(`makes CMS that openssl verifies: ${name}`, () => {
      for (const key of [xa.up, xa.dsc('rsa')]) {
        writeFileSync(join(folder, 'message.cms'), makeCms(Buffer.from('{"a":1}'), key, options))
        const read = openssl('cms', '-verify', '-inform', 'DER', '-in', 'message.cms', '-binary', '-noverify')
        assert.equal(read.stdout, '{"a":1}', read.stderr)
      }
    })

  it('makes CMS that openssl verifies by PSS, and with the content apart', () => {
    writeFileSync(join(folder, 'content'), 'text')
    const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'message.cms', '-binary', '-noverify']
    writeFileSync(join(folder, 'message.cms'), makeCms(Buffer.from('text'), xa.dsc('rsa'), { isPss: true }))
    assert.equal(openssl(...verify).stdout, 'text')
    writeFileSync(join(folder, 'message.cms'), makeCms(Buffer.from('text'), xa.up, { isDetached: true }))
    assert.equal(openssl(...verify, '-content', 'content').stdout, 'text')
    assert.notEqual(openssl(...verify, '-content', 'index.json').status, 0)
  })

  it('makes CMS whose content was changed, which openssl refuses', () => {
    const changed = makeCms(Buffer.from('{"a":1}'), xa.up, { contentInside: Buffer.from('{"a":2}') })
    writeFileSync(join(folder, 'message.cms'), changed)
    const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'message.cms', '-binary', '-noverify']
    assert.notEqual(openssl(...verify).status, 0)
  })

  it('takes further participants and further certificates', () => {
    pki.add('XC', 'XA')
    assert.deepEqual(pki.countries, ['XA', 'XB', 'XC'])
    const further = pki.make({ name: 'XC_UP2', subject: { country: 'XC', commonName: 'second' } })
    assert.match(further.certificate.subject, /C=XC/)
    assert.equal(pki.sign(further).country, 'XC')
    assert.throws(() => pki.of('XZ'), /no participant XZ/)
  })
})
