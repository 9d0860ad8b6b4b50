import { costly, wrong } from './picture-fault.ts'

/** Where the bytes of a WebAssembly program come from: always from inside its package, never over the network. */
export type WasmBytes = () => Uint8Array | Promise<Uint8Array>

/** The part of Emscripten's options that is used: how its module is made, and that it prints nothing. */
export interface WasmStart {
  instantiateWasm(
    imports: WebAssembly.Imports,
    take: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): WebAssembly.Exports
  print(): void
  printErr(): void
}

/** A program of WebAssembly whose memory is bounded and which is begun afresh when it broke or kept much. */
export interface WasmProgram<Api> {
  /**
   * Works with the program. What it throws is the picture's fault: it has no other input.
   * @throws PictureFault when it needs more memory than it may, or breaks on the picture
   */
  use<T>(work: (api: Api) => T): Promise<T>
}

const pageBytes = 65_536
/** A program that grew beyond is not kept: there are five of them. */
const keptBytes = 32_000_000

/** Makes a program; it is compiled and begun at its first use. */
export function wasmProgram<Api>(
  bytes: WasmBytes,
  start: (options: WasmStart) => Promise<Api>,
  memoryBytes: number,
): WasmProgram<Api> {
  let compiled: Promise<WebAssembly.Module> | undefined
  let running: { api: Api; memory(): WebAssembly.Memory | undefined; isFull(): boolean } | undefined
  const begin = async () => {
    // A copy, for the bytes of a file may stand in memory that is shared.
    compiled ??= Promise.resolve(bytes()).then((file) => WebAssembly.compile(new Uint8Array(file)))
    const module = await compiled
    let memory: WebAssembly.Memory | undefined
    let isFull = false
    const api = await start({
      instantiateWasm(imports, take) {
        const instance = new WebAssembly.Instance(module, imports)
        memory = Object.values(instance.exports).find((each) => each instanceof WebAssembly.Memory)
        if (memory)
          boundMemory(memory, memoryBytes, () => {
            isFull = true
          })
        take(instance, module)
        return instance.exports
      },
      print: () => undefined,
      printErr: () => undefined,
    })
    return { api, memory: () => memory, isFull: () => isFull }
  }
  return {
    async use(work) {
      running ??= await begin()
      const { api, memory, isFull } = running
      try {
        const made = work(api)
        if ((memory()?.buffer.byteLength ?? 0) > keptBytes) running = undefined
        return made
      } catch (error) {
        running = undefined
        if (isFull()) throw costly(`The picture needs more than ${memoryBytes / 1_000_000} MB of memory`)
        if (isOwn(error)) throw error
        throw wrong('The picture cannot be decoded')
      }
    },
  }
}

/** What the work itself throws, not the program. */
const isOwn = (error: unknown) => error instanceof Error && error.name === 'PictureFault'

/** Emscripten asks the memory to grow; where it may not, an allocation fails, which the program knows how to tell. */
function boundMemory(memory: WebAssembly.Memory, most: number, refused: () => void): void {
  const grow = memory.grow.bind(memory)
  memory.grow = (pages: number) => {
    if (memory.buffer.byteLength + pages * pageBytes <= most) return grow(pages)
    refused()
    throw new RangeError('the memory of a picture is bounded')
  }
}
