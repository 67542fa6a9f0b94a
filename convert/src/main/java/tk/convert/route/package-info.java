/** Whole routes: from a model source of any form to the plan of a file or folder. */
package tk.convert.route;
