/** What is used of WebAssembly's interface for programs (W3C): the types of Node name its modules alone. */
declare namespace WebAssembly {
  type Module = object
  type Exports = Record<string, unknown>
  type Imports = Record<string, Record<string, unknown>>
  class Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
    private constructor()
  }
  class Instance {
    readonly exports: Exports
    constructor(module: Module, imports?: Imports)
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>
}
