import type { StructureMap } from '../fhir/types.ts'
import { jobRefusal } from '../workers/job-failure.ts'
import { createJobPool, type JobCall } from '../workers/job-pool.ts'
import type { MapEnvironment } from './environment.ts'
import { putTogether } from './map-pieces.ts'
import type { MapAnswer, MapJob, MapQuestion, TransformAnswer, TransformJob } from './map-worker.ts'

/** Works on maps and instances that a client brought along, in processes with limits. */
export interface MapJobs {
  /** @throws FhirError as `Maps.compile` and `CompiledMap.run`; 422 too-costly when a limit is reached, 429, 503 when too much is waiting */
  transform(job: TransformJob, call: JobCall): Promise<TransformAnswer>
  /** The map of a text, as `parseMap` reads it. */
  parse(text: string, options: { strict: boolean }, call: JobCall): Promise<StructureMap>
  /** A text as `printMap` prints its map. */
  format(text: string, options: { strict: boolean }, call: JobCall): Promise<string>
  /** As `printMap` of the R4 form of a map; what is printed is read again, so that it can be. @param map JSON text */
  print(map: string, call: JobCall): Promise<string>
  /** Ids of the processes that run. */
  pids(): number[]
  close(): Promise<void>
}

/** Makes the pool; its first process starts at the first job. */
export function createMapJobs(
  environment: MapEnvironment,
  options: { processes: number; idleSeconds: number },
): MapJobs {
  const pool = createJobPool<MapJob, MapAnswer>(new URL('./map-worker.ts', import.meta.url), {
    ...options,
    programMegabytes: 64,
    memoryMegabytes: 64,
    jobsPerProcess: 10_000,
    answer: (question: MapQuestion) => answer(question, environment),
  })
  const run = async (job: MapJob, call: JobCall, what: string): Promise<MapAnswer> => {
    try {
      return await pool.run(job, call)
    } catch (error) {
      throw jobRefusal(error, what)
    }
  }
  return {
    async transform(job, call) {
      const made = await run({ transform: job }, call, 'the transformation')
      if (!('result' in made)) throw wrongAnswer()
      return made
    },
    async parse(text, { strict }, call) {
      const made = await run({ parse: text, strict }, call, 'the reading of the map')
      if (!('map' in made)) throw wrongAnswer()
      return putTogether(made.map)
    },
    async format(text, { strict }, call) {
      const made = await run({ format: text, strict }, call, 'the reading of the map')
      if (!('text' in made)) throw wrongAnswer()
      return made.text
    },
    async print(map, call) {
      const made = await run({ print: map }, call, 'the writing of the map')
      if (!('text' in made)) throw wrongAnswer()
      return made.text
    },
    pids: pool.pids,
    close: () => pool.close(),
  }
}

const wrongAnswer = () => new Error('the process answered another question')

/** What a map asks of the store and of the terminology; without a code: whether the value set or concept map is there. */
async function answer(question: MapQuestion, environment: MapEnvironment): Promise<unknown> {
  if ('maps' in question) return environment.findMaps(question.maps)
  if ('structure' in question) return environment.findStructure(question.structure)
  const { code, system } = question
  if ('valueSet' in question) {
    const isMember = await environment.membership(question.valueSet)
    return code === undefined ? undefined : isMember(code, system)
  }
  const translate = await environment.translator(question.conceptMap)
  return code === undefined ? undefined : translate(code, system)
}
