/* Prints the plan of devices as JSON, from C: plan WORD... as `tenon plan` takes them.
 *   cc -o plan plan.c $(pkg-config --cflags --libs libtenon) */
#include <stdio.h>
#include <tenon/libtenon.h>

int main(int count, char** words) {
    tenon_error* error = NULL;
    tenon_plan* plan = tenon_plan_make((const char* const*)words + 1, (size_t)count - 1, &error);
    char* json = plan != NULL ? tenon_plan_json(plan, &error) : NULL;
    int status = 2;
    if (json != NULL) {
        fputs(json, stdout);
        status = tenon_plan_assignable(plan) ? 0 : 1;
    } else {
        fprintf(stderr, "tenon: %s\n", tenon_error_text(error));
    }
    tenon_text_free(json);
    tenon_plan_free(plan);
    tenon_error_free(error);
    return status;
}
