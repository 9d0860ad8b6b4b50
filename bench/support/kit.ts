/** A verifier kit and a border post, made by the command line as their makers would. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { demoIssuer } from '../../src/demo/demo-issuer.ts'
import { specimens } from '../../src/demo/specimens.ts'

const root = resolve(import.meta.dirname, '../..')

/** How a program of Node is called. */
export interface Program {
  args: readonly string[]
  environment: Record<string, string>
}

/** Runs it to its end; milliseconds that it took by the clock, and what it printed. @throws Error when it ends badly */
export function runProgram({ args, environment }: Program): Promise<{ elapsed: number; printed: string }> {
  const start = performance.now()
  const env = { PATH: process.env.PATH ?? '', ...environment }
  const child = spawn(process.execPath, [...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk
    })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) => {
      if (code === 0) done({ elapsed: performance.now() - start, printed })
      else failed(new Error(`node ${args.join(' ')} ended with ${code}: ${printed.slice(0, 1000)}`))
    })
  })
}

/** Makes a server's kit in the folder; answers the program by which a post judges a good certificate by it. */
export async function verdictByKit(folder: string): Promise<Program> {
  const file = (name: string) => join(folder, name)
  const server = { DATA_DIR: file('kit-server'), JURISDICTION: 'XA' }
  const now = new Date()
  const vaccination = (await specimens(demoIssuer(server.DATA_DIR, now), now)).find(
    ({ name }) => name === 'vaccination',
  )
  if (!vaccination) throw new Error('there is no specimen of a vaccination')
  writeFileSync(file('vaccination.txt'), vaccination.text)
  await runProgram({ args: ['src/main.ts', 'kit', 'build', file('kit.tar.gz')], environment: server })
  return {
    args: ['src/main.ts', 'evaluate', '--kit', file('kit.tar.gz'), file('vaccination.txt')],
    environment: { DATA_DIR: file('post'), KIT_KEYS: file('kit-server/keys/signing-1.pem'), NODE_ENV: 'production' },
  }
}
