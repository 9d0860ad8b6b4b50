/** Records a define through its compiled form. */
import type { JsonObject } from '../../../../base/json-value.ts'
import { type Execution, type Recording, type StepContext, TooManySteps } from '../../run/recording.ts'
import type { CompiledLibrary } from '../../translate/libraries.ts'
import type { SessionData } from '../session.ts'
import { LeftToExecutor, Suspended } from '../step.ts'
import { recordedDefine } from './program.ts'
import { Home, RecordedFrame, RecordedRun, type Recorder, Scope } from './recorder.ts'

/** What became of it: a recording, undefined for a define that takes too many steps; or a fault, whose the executor is to tell. */
export type Recorded = { recording: Recording | undefined } | { fault: unknown }

/**
 * Runs a define over data and records every run of every step, as the executor would.
 * @returns undefined where it is left to the executor, which then records everything anew
 */
export async function recordCompiled(
  library: CompiledLibrary,
  define: string,
  data: SessionData,
): Promise<Recorded | undefined> {
  for (;;) {
    try {
      return { recording: recordNow(library, define, data) }
    } catch (error) {
      if (error instanceof TooManySteps) return { recording: undefined }
      // The executor, whose steps wait for each other, goes deeper than the stack.
      if (error instanceof LeftToExecutor || error instanceof RangeError) return undefined
      if (!(error instanceof Suspended)) return { fault: error }
      const isThere = await error.ready.then(
        () => true,
        () => false,
      )
      // The executor meets the same fault.
      if (!isThere) return undefined
    }
  }
}

/** Begins anew each time: what was recorded before something was waited for is not whole. */
function recordNow(library: CompiledLibrary, define: string, data: SessionData): Recording | undefined {
  const step = recordedDefine(library, define)
  const run = new RecordedRun(data)
  step(new RecordedFrame([], run, new Home()))
  const { root } = run.recorder
  return root && new CompiledRecording(root, run.recorder)
}

class CompiledRecording implements Recording {
  readonly root: Execution
  readonly #recorder: Recorder

  constructor(root: Execution, recorder: Recorder) {
    this.root = root
    this.#recorder = recorder
  }

  first(expression: JsonObject): Execution | undefined {
    return this.#recorder.first.get(expression)
  }

  within(context: StepContext): readonly Execution[] {
    return context instanceof Scope ? context.runs : []
  }

  made(tuple: object): Execution | undefined {
    return this.#recorder.made.get(tuple)
  }
}
