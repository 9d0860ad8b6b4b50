/**
 * The pages of docs/ do what they say: every block marked `sh` is run against a server, in order, and what it prints is held against
 * the block of `json` or `text` that follows it at once.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileIn } from '../provenance/support.ts'
import { testSigner } from '../support/cms-signer.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { assertContains, assertLines } from './expected-output.ts'

const root = resolve(import.meta.dirname, '../..')
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const textOf = (page: string) => readFileSync(join(root, 'docs', page), 'utf8')
const lacking = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error !== undefined)

interface Block {
  line: number
  commands: string
  expected?: { language: string; text: string }
}

/** The blocks of a page that are run. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let end = 0
  for (const match of page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [whole, language = '', text = ''] = match
    const line = page.slice(0, match.index).split('\n').length
    const last = blocks.at(-1)
    if (language === 'sh') blocks.push({ line, commands: text })
    else if (last && page.slice(end, match.index).trim() === '' && (language === 'json' || language === 'text'))
      last.expected = { language, text }
    end = match.index + whole.length
  }
  return blocks
}

function run(
  commands: string,
  env: Record<string, string>,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })))
}

describe('links between pages', () => {
  /** How GitHub names the heading of a section. */
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-')
  const files = ['README.md', 'CONTRIBUTING.md', ...pages.map((page) => `docs/${page}`)]
  for (const file of files)
    it(`${file} points to what is there`, () => {
      const text = readFileSync(join(root, file), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [path = '', anchor] = target.split('#')
        const place = path === '' ? join(root, file) : join(root, dirname(file), path)
        assert.ok(existsSync(place), `${target} is not there`)
        if (anchor === undefined) continue
        const headings = readFileSync(place, 'utf8').matchAll(/^#+ (.*)$/gm)
        assert.ok(
          [...headings].map(([, heading = '']) => anchorOf(heading)).includes(anchor),
          `${target} is no section`,
        )
      }
    })
})

describe('docs', { skip: lacking.length > 0 && `${lacking.join(' and ')} is not installed` }, () => {
  let server: ServerProcess
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-docs-'))
  // Whoever publishes in a page signs with this key.
  const { key, cert, certificate } = testSigner('P-256')
  const signing = { SIGN_KEY: fileIn(dataDir, key), SIGN_CERTIFICATE: fileIn(dataDir, cert) }
  const jwk = { ...certificate.publicKey.export({ format: 'jwk' }), kid: 'ministry' }
  const signer = {
    issuer: 'did:web:health.example',
    canonicalPrefixes: ['https://health.example/'],
    jurisdictions: ['*'],
  }
  before(async () => {
    server = await startServerProcess({
      DATA_DIR: dataDir,
      DEVELOPMENT_TOKEN: 'secret',
      ACCESS_LOG: 'off',
      LEGACY_DCC: 'on',
      SIGNERS: JSON.stringify([{ ...signer, keys: { keys: [jwk] } }]),
    })
    await server.ready()
  })
  after(async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  for (const name of pages.filter((page) => blocksOf(textOf(page)).length > 0)) {
    describe(name, () => {
      const work = mkdtempSync(join(tmpdir(), 'vidimus-docs-work-'))
      after(() => rmSync(work, { recursive: true, force: true }))
      for (const { line, commands, expected } of blocksOf(textOf(name)))
        it(`line ${line}: ${commands.trim().split('\n')[0]}`, async () => {
          const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
          const place = { BASE: `${server.url}/fhir`, TOKEN: 'secret', DATA_DIR: dataDir, WORK: work, ...signing }
          const { code, out, err } = await run(commands, { PATH: path, HOME: process.env.HOME ?? '', ...place })
          assert.equal(code, 0, `${out}\n${err}`)
          if (expected?.language === 'json') assertContains(JSON.parse(out), JSON.parse(expected.text))
          if (expected?.language === 'text') assertLines(out, expected.text)
        })
    })
  }
})
