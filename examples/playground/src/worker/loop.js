// Does work again and again in turns, between which the worker takes messages.

export class Loop {
  #work;
  /** Made anew at each start, so that a turn which an earlier start has asked for knows that it is not wanted. */
  #run;

  /** @param work does one turn's work, and returns how many milliseconds to rest */
  constructor(work) {
    this.#work = work;
  }

  get isRunning() {
    return this.#run !== undefined;
  }

  start() {
    if (this.isRunning) return;
    const run = { channel: new MessageChannel() };
    const turn = () => {
      if (this.#run !== run) return;
      const rest = this.#work();
      // Timers are held back to 4 ms: without a rest the next turn is asked for by a message.
      if (rest > 0) setTimeout(turn, rest);
      else run.channel.port2.postMessage(null);
    };
    run.channel.port1.onmessage = turn;
    this.#run = run;
    turn();
  }

  stop() {
    this.#run?.channel.port1.close();
    this.#run = undefined;
  }
}
