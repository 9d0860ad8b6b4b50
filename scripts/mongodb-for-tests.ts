/**
 * The server that stands in for MongoDB in tests (SecantusDB, one node), installed into a cache folder and started on a free port.
 * What it prints and takes stands in `usage`.
 */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { cacheFolder, installMongo } from '../test/support/mongo/install.ts'
import { type MongoServer, startMongo } from '../test/support/mongo/server.ts'

const usage = `scripts/mongodb-for-tests install            installs it, when it is not there yet
scripts/mongodb-for-tests [start] [--port N] [--folder DIR]
                                             starts it, prints MONGODB_URL=…, and runs until it is ended
scripts/mongodb-for-tests run -- COMMAND …   starts it, runs a command with MONGODB_URL set, and ends it

It lies in VIDIMUS_CACHE (by default the user's cache folder); with --folder its data stay there.
Where MONGODB_URL is set already, \`run\` starts nothing and that replica set is used.`

/** How it was asked for. */
interface Asked {
  port?: number
  folder?: string
}

async function install(): Promise<string> {
  const installed = await installMongo()
  if ('python' in installed) return installed.python
  console.error(installed.skip)
  process.exit(1)
}

async function start(asked: Asked): Promise<MongoServer> {
  return startMongo({ python: await install(), ...asked })
}

async function serve(asked: Asked): Promise<void> {
  const server = await start(asked)
  console.log(`MONGODB_URL=${server.url('vidimus')}`)
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
  await server.stop()
}

async function runWith([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined) throw new Error(usage)
  const server = process.env.MONGODB_URL ? undefined : await start({})
  const url = server?.url('vidimus')
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...(url === undefined ? {} : { MONGODB_URL: url }) },
  })
  // The terminal tells both; the command ends first.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve(status ?? 1))
  })
  await server?.stop()
  return code
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' }, folder: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
const [what = 'start', ...rest] = positionals
if (values.help) console.log(usage)
else if (what === 'install') {
  await install()
  console.log(`The test server is installed below ${cacheFolder()}.`)
} else if (what === 'start') {
  const { port, folder } = values
  await serve({ ...(port === undefined ? {} : { port: Number(port) }), ...(folder === undefined ? {} : { folder }) })
} else if (what === 'run') process.exitCode = await runWith(rest)
else {
  console.error(usage)
  process.exitCode = 2
}
