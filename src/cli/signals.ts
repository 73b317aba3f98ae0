// What asks a command to end before it is done, as Ctrl-C does.
export const SIGNALS = ["SIGINT", "SIGTERM"] as const;
