/** The contract of a storage, on a replica set. */
import { after } from 'node:test'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { mongoForTests } from '../../support/mongo.ts'
import { storageContract } from '../contract.ts'
import { skippedHere } from './support.ts'

const mongo = await mongoForTests()
if ('skip' in mongo) skippedHere(mongo.skip)
else {
  after(() => mongo.stop())
  let databases = 0
  storageContract('mongodb', (options) => openMongo(mongo.url(`contract-${++databases}`), options))
}
