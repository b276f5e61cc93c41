// Who is told what: the logger's interface, its levels, the console, and the filter in front of a page's own logger.

/** How much is logged: everything up to the level chosen. The default is `Error`. */
export enum LogLevel {
  /** Nothing. */
  Disable = 0,
  /** What is broken. */
  Error = 1,
  /** What is odd, too. */
  Warn = 2,
  /** What happened, too. */
  Info = 3,
  /** Details for those who look closely, too. */
  Debug = 4,
  /** Everything. */
  Verbose = 5,
}

/**
 * Where messages go. Each method gets a sentence and, where there is one, the error behind it. A logger that throws harms nothing: the
 * exception is swallowed.
 */
export interface Logger {
  error(message?: any, ...optionalParams: any[]): void;
  warn(message?: any, ...optionalParams: any[]): void;
  info(message?: any, ...optionalParams: any[]): void;
  debug(message?: any, ...optionalParams: any[]): void;
  verbose(message?: any, ...optionalParams: any[]): void;
}

/** The default logger: the console, where `verbose` is `console.debug`. It filters nothing; `logLevel` does that. */
export class ConsoleLogger implements Logger {
  error(message?: any, ...optionalParams: any[]): void {
    console.error(message, ...optionalParams);
  }
  warn(message?: any, ...optionalParams: any[]): void {
    console.warn(message, ...optionalParams);
  }
  info(message?: any, ...optionalParams: any[]): void {
    console.info(message, ...optionalParams);
  }
  debug(message?: any, ...optionalParams: any[]): void {
    console.debug(message, ...optionalParams);
  }
  verbose(message?: any, ...optionalParams: any[]): void {
    console.debug(message, ...optionalParams);
  }
}

/** Each method's level is its place here plus one, as in {@link LogLevel}. */
const METHODS = ['error', 'warn', 'info', 'debug', 'verbose'] as const;

/** `provider` (or the console) up to `level`, safe to call from anywhere. */
export function leveled(provider: Logger | undefined, level: LogLevel): Logger {
  const target = provider ?? new ConsoleLogger();
  const logger = {} as Logger;
  METHODS.forEach((name, below) => {
    logger[name] = (...said) => {
      try {
        if (below < level) target[name](...said);
      } catch {
        // The page's logger is broken: there is nobody left to tell.
      }
    };
  });
  return logger;
}

/** What the core has to say, at the level of this number. */
export function say(logger: Logger, level: number, sentence: string, error?: unknown): void {
  logger[METHODS[level - 1]!](`[Experiment] ${sentence}`, ...(error ? [error] : []));
}
