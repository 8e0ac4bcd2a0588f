// A bundle's worker: the worker itself, with the files that the page gives it.
import "./receive.js";
import "../worker.js";
