import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testRules } from '../generator/questions.ts'
import { type Ask, askEverything } from './questions.ts'
import { createSecrets, searchFolder, type Trace } from './traces.ts'

/** What a privacy search looked through and found. */
export interface PrivacyReport {
  evaluations: number
  requests: number
  /** Patterns that were looked for. */
  patterns: number
  statuses: Map<string, number>
  traces: Trace[]
  /** Where the name of a stored rule was found: the search sees what is there. */
  control: Trace[]
}

const root = join(import.meta.dirname, '../../..')
const token = 'privacy-token'

/**
 * Lets a server process answer evaluations of every kind, good, forged and hostile, then searches all that it left: store and
 * its journal, keys and lists, standard output and error, temporary files, error replies, and what its other interfaces tell.
 */
export async function searchAfterEvaluations(run: { evaluations: number; seed: number }): Promise<PrivacyReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-privacy-'))
  const server = await startServer(folder)
  const secrets = createSecrets()
  const statuses = new Map<string, number>()
  const traces: Trace[] = []
  let requests = 0
  const ask: Ask = async (path, { method = 'POST', type = 'application/fhir+json', body, headers = {} }) => {
    requests++
    const sent = body === undefined ? {} : { body }
    const reply = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': type, ...headers },
      ...sent,
    })
    statuses.set(String(reply.status), (statuses.get(String(reply.status)) ?? 0) + 1)
    return { status: reply.status, text: await reply.text(), headers: JSON.stringify([...reply.headers]) }
  }
  try {
    for (const resource of testRules as { resourceType: string; id: string }[]) {
      const headers = { authorization: `Bearer ${token}` }
      await ask(`/fhir/${resource.resourceType}/${resource.id}`, {
        method: 'PUT',
        headers,
        body: JSON.stringify(resource),
      })
    }
    const evaluations = await askEverything(ask, { ...run, secrets, note: (trace) => traces.push(trace) })
    const paths = [
      '/health',
      '/ready',
      '/metrics',
      '/',
      '/openapi.json',
      '/fhir/metadata',
      '/fhir/AuditEvent?_count=1000',
    ]
    for (const path of paths) {
      const reply = await ask(path, { method: 'GET', headers: { authorization: `Bearer ${token}` } })
      traces.push(...secrets.search(`GET ${path}`, Buffer.from(reply.text + reply.headers)))
    }
    // The journal is searched while it is there, the store once more when it has been closed.
    traces.push(...searchFolder(folder, secrets))
    await server.stop()
    traces.push(...searchFolder(folder, secrets))
    const stored = createSecrets()
    stored.add('rule', 'InvariantAnswers')
    const control = searchFolder(folder, stored)
    return { evaluations, requests, patterns: secrets.size, statuses, traces, control }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A server whose every trace lies below a folder: data, temporary files, output. */
async function startServer(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  for (const name of ['data', 'tmp']) mkdirSync(join(folder, name))
  const outputs = ['stdout', 'stderr'].map((name) => openSync(join(folder, name), 'w'))
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      DATA_DIR: join(folder, 'data'),
      TMPDIR: join(folder, 'tmp'),
      DEVELOPMENT_TOKEN: token,
      ALLOW_REQUEST_TRUST_ANCHORS: 'true',
      AUDIT_SAMPLE_RATE: '1',
      ACCESS_LOG: 'on',
      METRICS: 'public',
    },
    stdio: ['ignore', ...outputs],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  for (const each of outputs) closeSync(each)
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  for (let waited = 0; waited < 600 && child.exitCode === null; waited++) {
    const url = /(http:\/\/[^\s/]+)\/fhir/.exec(readFileSync(join(folder, 'stdout'), 'utf8'))?.[1]
    if (url && (await fetch(`${url}/ready`)).status !== 503) return { url, stop }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await stop()
  throw new Error(`the server did not start: ${readFileSync(join(folder, 'stderr'), 'utf8')}`)
}
