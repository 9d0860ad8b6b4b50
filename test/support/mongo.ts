/**
 * MongoDB for tests. `MONGODB_URL` names a real replica set, which is used then; otherwise a test server is installed and started
 * (test/support/mongo/). Where neither is possible the tests are skipped, and the reason is told; in CI (`CI` is set) that is a failure.
 */
import { randomBytes } from 'node:crypto'
import { installMongo } from './mongo/install.ts'
import { type MongoServer, startMongo } from './mongo/server.ts'

/** What tests that do not touch the server itself get. */
export interface MongoForTests {
  /** Connection string of a database that no other test run uses. */
  url(database: string): string
  /** To be called at the end. */
  stop(): Promise<void>
}

/** Why there is none. */
interface NoMongo {
  skip: string
}

/**
 * A server that answers.
 * @throws Error instead of a reason to skip, in CI
 */
export async function mongoForTests(): Promise<MongoForTests | NoMongo> {
  const given = process.env.MONGODB_URL
  if (given === undefined || given === '') return ownMongoForTests()
  const run = randomBytes(4).toString('hex')
  return { url: (database) => databaseUrl(given, `vidimus-test-${run}-${database}`), stop: async () => {} }
}

/**
 * The same of a server that is this test's alone: it may be killed and stopped. It is never the one of `MONGODB_URL`.
 * @throws Error instead of a reason to skip, in CI
 */
export async function ownMongoForTests(): Promise<MongoServer | NoMongo> {
  const installed = await installMongo()
  if ('python' in installed) return startMongo(installed)
  if (process.env.CI) throw new Error(`In CI these tests are not skipped: ${installed.skip}`)
  return installed
}

/** The connection string with another database (https://www.mongodb.com/docs/manual/reference/connection-string/). */
export function databaseUrl(url: string, database: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(url)
  if (!parts) throw new Error('MONGODB_URL is no connection string of MongoDB.')
  return `${parts[1]}/${database}${parts[2] ?? ''}`
}
