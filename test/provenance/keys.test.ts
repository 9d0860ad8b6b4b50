import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import { promisify } from 'node:util'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { testSigner } from '../support/cms-signer.ts'
import { openssl, withOpenssl } from '../support/openssl.ts'
import { certificateOf, fileIn, holds, openKeys, ownFolder } from './support.ts'

const folder = ownFolder()
const signer = testSigner('P-256')
const other = testSigner('P-256', 'another')
const rsa = testSigner('RSA-3072')
const bytes = Buffer.from('to be signed')

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicPem = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
const inFile = (text: string, mode?: number) => fileIn(folder, text, mode)

describe('keys of an operator', () => {
  it('are read from files, from one file, from text', async () => {
    const ways = [
      { key: inFile(signer.key), certificate: inFile(signer.cert, 0o644) },
      { key: inFile(signer.key + signer.cert) },
      { key: signer.key, certificate: signer.cert },
    ]
    for (const current of ways) {
      const keys = await openKeys({ current })
      const key = keys.current()
      assert.ok(key)
      const fingerprint = Buffer.from(signer.certificate.fingerprint256.replaceAll(':', ''), 'hex')
      assert.equal(key.keyId, fingerprint.subarray(0, 8).toString('base64'))
      assert.equal(key.algorithm, 'ES256')
      assert.ok(holds(bytes, await key.sign(bytes), key))
      assert.equal((await key.sign(bytes)).length, 64)
    }
  })

  it('that are encrypted need their password', async () => {
    const key = inFile(
      signer.privateKey
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
        .toString(),
    )
    const certificate = inFile(signer.cert)
    const passwordFile = inFile('open sesame\n')
    assert.ok((await openKeys({ current: { key, certificate, passwordFile } })).current())
    await assert.rejects(openKeys({ current: { key, certificate } }), /encrypted; a password is wanted/)
    const wrong = inFile('sesame')
    await assert.rejects(openKeys({ current: { key, certificate, passwordFile: wrong } }), /cannot be decrypted/)
    const open = inFile('open sesame', 0o644)
    await assert.rejects(openKeys({ current: { key, certificate, passwordFile: open } }), /chmod 600/)
  })

  it('without certificate are known by their thumbprint', async () => {
    const keys = await openKeys({ current: { key: inFile(signer.key) } })
    assert.match(keys.current()?.keyId ?? '', /^[\w-]{43}$/)
    assert.match(keys.warnings(new Date()).join(), /has no certificate/)
  })

  it('stand beside those to come and those that were', async () => {
    const retired = [inFile(rsa.cert), inFile(publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))]
    const next = { key: other.key, certificate: other.cert }
    const keys = await openKeys({ current: { key: signer.key, certificate: signer.cert }, next, retired })
    assert.deepEqual(
      keys.all().map(({ state, algorithm }) => `${state} ${algorithm}`),
      ['current ES256', 'next ES256', 'retired PS256', 'retired ES256'],
    )
    assert.equal(keys.current()?.state, 'current')
    await assert.rejects(keys.all()[2]?.sign(bytes) ?? Promise.resolve(), /only the public half/)
  })

  const refused: [
    what: string,
    current: () => { key: string; certificate?: string; passwordFile?: string },
    told: RegExp,
  ][] = [
    ['a file that is not there', () => ({ key: join(folder, 'nowhere') }), /nowhere: there is no such file/],
    [
      'a key in quotes, which is not repeated',
      () => ({ key: `"${signer.key}"` }),
      /^SIGNING_KEY: there is no such file; what/,
    ],
    [
      'a password in place of its file, which is not repeated',
      () => ({ key: inFile(signer.key), passwordFile: 'hunter2' }),
      /^SIGNING_KEY: there is no such file; what/,
    ],
    ['a folder', () => ({ key: folder }), /chmod 600|folder/],
    ['a key that its group may read', () => ({ key: inFile(signer.key, 0o640) }), /mode 0640.*chmod 600/],
    ['a key that all may read', () => ({ key: inFile(signer.key, 0o604) }), /mode 0604/],
    ['a certificate in place of the key', () => ({ key: inFile(signer.cert) }), /holds no private key/],
    ['a key cut short', () => ({ key: inFile(signer.key.slice(0, 80)) }), /holds no private key/],
    ['nothing', () => ({ key: inFile('') }), /holds no PEM, and cannot be opened as PKCS#12/],
    ['anything', () => ({ key: inFile(randomBytes(100).toString('latin1')) }), /cannot be opened as PKCS#12/],
    ['the certificate of another key', () => ({ key: signer.key, certificate: other.cert }), /belongs to another key/],
    [
      'a certificate that is none',
      () => ({ key: signer.key, certificate: inFile(signer.key) }),
      /no certificate in PEM/,
    ],
    [
      'a damaged certificate',
      () => ({ key: signer.key, certificate: signer.cert.replace(/\n.{20}/, '\n') }),
      /certificate 1 cannot be read/,
    ],
    [
      'a chain of strangers',
      () => ({ key: signer.key, certificate: signer.cert + other.cert }),
      /certificate 2 is not the issuer/,
    ],
    ['another curve', () => ({ key: testSigner('secp256k1').key }), /on P-256 or P-384; this one is on secp256k1/],
    ['a weak RSA key', () => ({ key: testSigner('RSA-1024').key }), /must have 2048 bits; this one has 1024/],
    [
      'a key of another kind',
      () => ({ key: pem(generateKeyPairSync('ed25519').privateKey) }),
      /ECDSA or RSA is wanted/,
    ],
  ]
  for (const [what, current, told] of refused)
    it(`are not ${what}`, async () => {
      await assert.rejects(openKeys({ current: current() }), (error) => {
        assert.ok(error instanceof Error && 'code' in error)
        assert.match(error.message, told)
        assert.match(error.message, /^SIGNING_KEY: /)
        // Neither a key nor a password is in what is told.
        assert.doesNotMatch(error.message, /BEGIN|MIG|sesame/)
        return true
      })
    })

  it('that are wrong are told all at once', async () => {
    const settings = { current: { key: '/nowhere/a' }, next: { key: '/nowhere/b' }, retired: ['/nowhere/c'] }
    await assert.rejects(openKeys(settings), (error) => {
      const lines = String(error).split('\n')
      assert.deepEqual(
        lines.map((line) => /SIGNING_\w+/.exec(line)?.[0]),
        ['SIGNING_KEY', 'SIGNING_KEY_NEXT', 'SIGNING_CERTIFICATE_RETIRED'],
      )
      return true
    })
  })

  it('are not configured twice, and a retired one comes without its private half', async () => {
    const current = { key: signer.key, certificate: signer.cert }
    await assert.rejects(openKeys({ current, retired: [inFile(signer.cert)] }), /configured twice/)
    await assert.rejects(
      openKeys({ current, retired: [inFile(other.cert + other.key)] }),
      /its private key stands here/,
    )
  })

  it('for encryption alone sign nothing', async () => {
    const der = Buffer.from(signer.certificate.raw)
    // The bits of key usage (2.5.29.15): digitalSignature becomes keyEncipherment.
    const at = der.indexOf(Buffer.from([0x55, 0x1d, 0x0f])) + 3 + 3 + 2 + 3
    assert.equal(der[at], 0x80)
    der[at] = 0x20
    const certificate = new X509Certificate(der).toString()
    await assert.rejects(openKeys({ current: { key: signer.key, certificate } }), /not for digital signatures/)
  })

  it('sign in no other time than that of their certificate', async () => {
    let now = new Date()
    const keys = await openKeys({ current: { key: signer.key, certificate: signer.cert } }, { now: () => now })
    assert.ok(keys.current())
    now = new Date(Date.now() + 2 * 86_400_000)
    assert.equal(keys.current(), undefined)
    assert.equal(keys.all().length, 1)
    assert.match(keys.warnings(now).join(), /ended on .* Nothing is signed\./)
    now = new Date(Date.now() - 2 * 86_400_000)
    assert.equal(keys.current(), undefined)
    assert.match(keys.warnings(now).join(), /is valid from .* only\. Nothing is signed\./)
  })

  it('are spoken of thirty days before their end', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const name = { commonName: 'a', country: 'XA' }
    const [notBefore, notAfter] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-07-01T00:00:00Z')]
    const content = { subject: name, publicKey, serialNumber: Buffer.from([1]), notBefore, notAfter }
    const certificate = new X509Certificate(writeCertificate(content, { name, privateKey, publicKey })).toString()
    const keys = await openKeys({ current: { key: pem(privateKey), certificate } })
    assert.deepEqual(keys.warnings(new Date('2026-05-31T00:00:00Z')), [])
    assert.match(keys.warnings(new Date('2026-06-02T00:00:00Z')).join(), /ends on 2026-07-01, in 29 days/)
  })
})

withOpenssl('a PKCS#12 file of openssl', () => {
  const made = (more: string[] = [], extra = '') => {
    const options = ['-inkey', 'key', '-in', 'cert', '-passout', 'pass:open sesame', '-out', 'out']
    return openssl(['pkcs12', '-export', ...options, ...more], { key: signer.key, cert: signer.cert + extra })
  }

  it('is a key with its certificate, by its password', async () => {
    const current = { key: fileIn(folder, made()), passwordFile: inFile('open sesame') }
    const key = (await openKeys({ current })).current()
    assert.ok(key && holds(bytes, await key.sign(bytes), key))
    assert.deepEqual(key.certificate?.raw, signer.certificate.raw)
  })

  it('may hold certificates that have nothing to do with the key: they are not shown', async () => {
    const current = { key: fileIn(folder, made([], other.cert)), passwordFile: inFile('open sesame') }
    assert.equal((await openKeys({ current })).current()?.chain.length, 1)
  })

  it('is refused with another password, without one, damaged, and where others may read it', async () => {
    const file = made()
    const wrong = { key: fileIn(folder, file), passwordFile: inFile('sesame') }
    await assert.rejects(openKeys({ current: wrong }), /the password is wrong, or the file is damaged/)
    await assert.rejects(openKeys({ current: { key: wrong.key } }), /the password is wrong/)
    const cut = { key: fileIn(folder, file.subarray(0, 200)), passwordFile: inFile('open sesame') }
    await assert.rejects(openKeys({ current: cut }), /cannot be opened as PKCS#12/)
    const open = { key: fileIn(folder, file, 0o644), passwordFile: inFile('open sesame') }
    await assert.rejects(openKeys({ current: open }), /chmod 600/)
  })
})

test('a production server without a key has none, and says so', async () => {
  const keys = await openKeys({})
  assert.equal(keys.current(), undefined)
  assert.deepEqual(keys.all(), [])
  assert.match(keys.warnings(new Date()).join(), /No signing key is configured/)
})

describe('the key of a development server', () => {
  const folderOf = () => join(folder, randomBytes(4).toString('hex'))
  const files = (dataDir: string) => readdirSync(join(dataDir, 'keys')).sort()

  it('is made when it is first asked for, its owner alone may read it, and it stays', async () => {
    const dataDir = folderOf()
    const keys = await openKeys({}, { dataDir })
    assert.throws(() => files(dataDir), /ENOENT/)
    const made = keys.current()
    assert.ok(made)
    assert.deepEqual(files(dataDir), ['signing-1.pem'])
    const file = join(dataDir, 'keys/signing-1.pem')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(statSync(join(dataDir, 'keys')).mode & 0o777, 0o700)
    const certificate = certificateOf(readFileSync(file))
    assert.match(certificate.subject, /C=XA/)
    assert.equal(certificate.ca, false)
    assert.ok(certificate.verify(certificate.publicKey))
    const again = (await openKeys({}, { dataDir })).current()
    assert.equal(again?.keyId, made.keyId)
    assert.ok(holds(bytes, (await again?.sign(bytes)) ?? Buffer.alloc(0), made))
    assert.deepEqual(keys.warnings(new Date()), [])
  })

  it('is not made where one is configured', async () => {
    const dataDir = folderOf()
    const keys = await openKeys({ current: { key: signer.key, certificate: signer.cert } }, { dataDir })
    assert.equal(keys.all().length, 1)
    assert.throws(() => files(dataDir), /ENOENT/)
  })

  it('is the same for processes that begin together', async () => {
    const dataDir = folderOf()
    const child = join(import.meta.dirname, 'make-key.ts')
    const made = await Promise.all(
      Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [child, dataDir])),
    )
    assert.equal(new Set(made.map(({ stdout }) => stdout)).size, 1)
    assert.match(made[0]?.stdout ?? '', /^\S{12}$/)
    assert.deepEqual(files(dataDir), ['signing-1.pem'])
  })

  it('is followed by another when it has come to its end, and stays known', async () => {
    const dataDir = folderOf()
    let now = new Date()
    const keys = await openKeys({}, { dataDir, now: () => now })
    const first = keys.current()?.keyId
    now = new Date(now.getTime() + 731 * 86_400_000)
    const second = keys.current()?.keyId
    assert.ok(first && second && first !== second)
    assert.deepEqual(
      keys.all().map(({ keyId, state }) => [keyId, state]),
      [
        [second, 'current'],
        [first, 'retired'],
      ],
    )
    assert.deepEqual(files(dataDir), ['signing-1.pem', 'signing-2.pem'])
  })

  it('that is broken is told by its file, and not replaced', async () => {
    for (const text of ['', 'no key', signer.key, signer.cert, signer.key + other.cert, rsa.key + rsa.cert]) {
      const dataDir = folderOf()
      mkdirSync(join(dataDir, 'keys'), { recursive: true })
      const file = join(dataDir, 'keys/signing-1.pem')
      writeFileSync(file, text, { mode: 0o600 })
      const keys = await openKeys({}, { dataDir })
      assert.throws(() => keys.current(), /signing-1\.pem must hold a private key on P-256/)
      assert.equal(readFileSync(file, 'utf8'), text)
    }
  })

  it('that others may read is refused', async () => {
    const dataDir = folderOf()
    mkdirSync(join(dataDir, 'keys'), { recursive: true })
    writeFileSync(join(dataDir, 'keys/signing-1.pem'), signer.key + signer.cert, { mode: 0o644 })
    const keys = await openKeys({}, { dataDir })
    assert.throws(() => keys.all(), /mode 0644.*chmod 600/)
  })
})
