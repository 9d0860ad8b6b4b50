/** The MongoDB store: the contract of every store, and what it alone can meet. One server for all. */
import { after, test } from 'node:test'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { mongoForTests, ownMongoForTests } from '../../support/mongo.ts'
import { storageContract } from '../contract.ts'
import { interruptions } from './interruptions.ts'
import { largeOnes } from './large.ts'
import { opening } from './opening.ts'
import { races } from './races.ts'
import { sameAnswers } from './same-answers.ts'

const own = process.env.MONGODB_URL ? undefined : await ownMongoForTests()
const mongo = own ?? (await mongoForTests())
if ('skip' in mongo) test('tests of the MongoDB store', { skip: mongo.skip }, () => {})
else {
  after(() => mongo.stop())
  let databases = 0
  storageContract('mongodb', (options) => openMongo(mongo.url(`contract-${++databases}`), options))
  sameAnswers(mongo)
  races(mongo)
  largeOnes(mongo)
  opening(mongo)
  if (own && 'pause' in own) interruptions(own)
  else test('interruptions', { skip: 'the server of MONGODB_URL is neither stopped nor killed' }, () => {})
}
