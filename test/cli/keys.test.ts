import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { testSigner } from '../support/cms-signer.ts'

const folder = ownFolder()
const root = resolve(import.meta.dirname, '../..')
const [current, next, old] = [
  testSigner('P-256', 'current'),
  testSigner('P-384', 'next'),
  testSigner('RSA-2048', 'old'),
]

/** Runs `vidimus keys` over a data folder of its own. */
function keys(environment: Record<string, string>, args: string[] = []) {
  const dataDir = join(folder, randomBytes(4).toString('hex'))
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, ...environment }
  return new Promise<{ code: number; stdout: string; stderr: string; dataDir: string }>((done) => {
    execFile(process.execPath, ['src/main.ts', 'keys', ...args], { cwd: root, env }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr, dataDir }),
    )
  })
}

test('every key of the server is shown with its use, state and end, and nothing of a private half', async () => {
  const environment = {
    NETWORK: 'on',
    SIGNING_KEY: fileIn(folder, current.key),
    SIGNING_CERTIFICATE: fileIn(folder, current.cert),
    SIGNING_KEY_NEXT: fileIn(folder, next.key + next.cert),
    SIGNING_CERTIFICATE_RETIRED: fileIn(folder, old.cert),
  }
  const [json, text] = await Promise.all([keys(environment, ['--json']), keys(environment)])
  assert.equal(json.code, 0, json.stderr)
  const told: Record<string, string>[] = JSON.parse(json.stdout)
  assert.deepEqual(
    told.map(({ use, state, algorithm }) => [use, state, algorithm]),
    [
      ['signing', 'current', 'P-256'],
      ['signing', 'next', 'P-384'],
      ['signing', 'retired', 'RSA-2048'],
      ['messages', 'current', 'P-256'],
      ['demonstration', undefined, 'P-256'],
      ['demonstration', undefined, 'P-256'],
    ],
  )
  assert.equal(told[0]?.validTo, current.certificate.validToDate.toISOString())
  assert.match(text.stdout, /^signing +current +C=XA, CN=current +P-256 +\S{11}= +\d{4}-\d\d-\d\d *$/m)
  // The certificates of tests end tomorrow.
  assert.match(json.stderr, /current signing key .* ends on/)
  assert.match(json.stderr, /next signing key .* signs with ES384/)
  for (const { privateKey } of [current, next, old]) {
    const { d = '' } = privateKey.export({ format: 'jwk' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n')[1] ?? ''
    for (const output of [json.stdout, json.stderr, text.stdout])
      assert.ok(!output.includes(d) && !output.includes(pem))
  }
})

test('a production server shows and makes no key of its own', async () => {
  const { code, stdout, stderr, dataDir } = await keys({ NODE_ENV: 'production' })
  assert.deepEqual([code, stdout], [0, ''])
  assert.match(stderr, /No signing key is configured/)
  assert.equal(existsSync(join(dataDir, 'keys')), false)
  assert.equal(existsSync(join(dataDir, 'demo')), false)
})

test('a key that cannot be used is told in a line, without a stack', async () => {
  const { code, stderr } = await keys({ SIGNING_KEY: fileIn(folder, current.key, 0o644) })
  assert.equal(code, 2)
  assert.match(stderr, /^SIGNING_KEY: .*chmod 600\)\n$/)
})
